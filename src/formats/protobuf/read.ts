import { doubleText } from '../../types/numbers.ts';
import { BIGINT, BYTES, INTEGER, struct, typeText, type SqlType, type Value } from '../../types/sql-type.ts';
import { DecodeError, fieldNamed } from '../define.ts';
import {
  entryFields,
  standsFor,
  wrapped,
  type ProtoField,
  type ProtoMessage,
  type ProtoScalar,
  type ProtoType,
} from './schema.ts';
import { standingFor } from './values.ts';
import { wire, type ProtobufReader } from './wire.ts';

type ReadOne = (reader: ProtobufReader) => Value;
/** The reader of one value, and the value of an absent field. */
interface One {
  readonly wireType: number;
  readonly read: ReadOne;
  readonly absent: Value;
  readonly packs: boolean;
}
interface Target {
  readonly name: string;
  readonly type: SqlType;
  readonly slot: number;
}

const noBytes = Buffer.alloc(0);
const integers: Partial<Record<ProtoScalar, Omit<One, 'absent' | 'packs'>>> = {
  int32: { wireType: wire.varint, read: (reader) => reader.int32() },
  uint32: { wireType: wire.varint, read: (reader) => reader.small() },
  sint32: { wireType: wire.varint, read: (reader) => zigzag(reader.small()) },
  fixed32: { wireType: wire.fixed32, read: (reader) => reader.bytes.readUInt32LE(reader.pass(4)) },
  sfixed32: { wireType: wire.fixed32, read: (reader) => reader.bytes.readInt32LE(reader.pass(4)) },
  int64: { wireType: wire.varint, read: (reader) => reader.int64() },
  uint64: { wireType: wire.varint, read: (reader) => reader.int64() },
  sint64: { wireType: wire.varint, read: (reader) => reader.zigzag() },
  fixed64: { wireType: wire.fixed64, read: (reader) => reader.fixed64() },
  sfixed64: { wireType: wire.fixed64, read: (reader) => reader.fixed64() },
};
const zigzag = (value: number): number => (value >>> 1) ^ -(value & 1);
const small: ReadonlySet<string> = new Set(['int32', 'sint32', 'sfixed32']);

const readText: ReadOne = (reader) => {
  const start = reader.sized();
  return reader.bytes.utf8Slice(start, reader.at);
};
const readBytes: ReadOne = (reader) => {
  const start = reader.sized();
  return Buffer.from(reader.bytes.subarray(start, reader.at));
};
const readDouble: ReadOne = (reader) => reader.bytes.readDoubleLE(reader.pass(8));
const readFloat: ReadOne = (reader) => reader.bytes.readFloatLE(reader.pass(4));
const readBoolean: ReadOne = (reader) => reader.int64() !== 0;

/**
 * The reader of a scalar or enum as a SQL type; undefined when it does not convert. As Connect does, every scalar converts to
 * STRING.
 */
function scalar(type: Exclude<ProtoType, ProtoMessage>, to: SqlType): One | undefined {
  if (type.kind === 'recursive') return undefined;
  const text = to.kind === 'STRING';
  switch (type.kind) {
    case 'bool':
      if (to.kind === 'BOOLEAN') return { wireType: wire.varint, read: readBoolean, absent: false, packs: true };
      return text
        ? { wireType: wire.varint, read: (reader) => String(readBoolean(reader)), absent: 'false', packs: true }
        : undefined;
    case 'double':
    case 'float': {
      const read = type.kind === 'double' ? readDouble : readFloat;
      const wireType = type.kind === 'double' ? wire.fixed64 : wire.fixed32;
      if (to.kind === 'DOUBLE') return { wireType, read, absent: 0, packs: true };
      return text
        ? { wireType, read: (reader) => doubleText(read(reader) as number), absent: '0.0', packs: true }
        : undefined;
    }
    case 'string':
      return text ? { wireType: wire.sized, read: readText, absent: '', packs: false } : undefined;
    case 'bytes':
      return to.kind === 'BYTES' ? { wireType: wire.sized, read: readBytes, absent: noBytes, packs: false } : undefined;
    case 'enum': {
      const { symbols } = type;
      const named = (number: number): string => symbols.get(number) ?? String(number);
      return text
        ? { wireType: wire.varint, read: (reader) => named(reader.int32()), absent: named(0), packs: true }
        : undefined;
    }
    default: {
      const { wireType, read } = integers[type.kind]!;
      if (to.kind === 'BIGINT' || (to.kind === 'INTEGER' && small.has(type.kind)))
        return { wireType, read, absent: 0, packs: true };
      // A decimal's precision is a small uint32.
      if (to.kind === 'INTEGER' && type.kind === 'uint32') return { wireType, read, absent: 0, packs: true };
      return text ? { wireType, read: (reader) => String(read(reader)), absent: '0', packs: true } : undefined;
    }
  }
}

const partTypes: Readonly<Record<string, SqlType>> = { bytes: BYTES, int64: BIGINT };

function one(type: ProtoType, to: SqlType, path: string): One {
  const reader = type.kind === 'message' ? message(type, to, path) : scalar(type, to);
  // Fails only when such a value is read.
  return (
    reader ?? {
      wireType: -1,
      read: () => {
        throw new DecodeError(`${path}: Protobuf ${type.kind} cannot be read as ${typeText(to)}`);
      },
      absent: null,
      packs: false,
    }
  );
}

function message(type: ProtoMessage, to: SqlType, path: string): One | undefined {
  const nested = (read: ReadOne): One => ({ wireType: wire.sized, read, absent: null, packs: false });
  const inner = wrapped(type);
  if (inner !== undefined) {
    const read = rowReader(type, [{ name: inner.name, type: to, slot: 0 }], path);
    return nested((reader) => within(reader, 1, read)[0]!);
  }
  if (to.kind === 'STRUCT') {
    const read = rowReader(
      type,
      to.fields.map((field, slot) => ({ ...field, slot })),
      path,
    );
    const { length } = to.fields;
    return nested((reader) => within(reader, length, read));
  }
  const standing = standingFor(to);
  if (standing === undefined || type.name !== standsFor[to.kind as 'DATE'].name) return undefined;
  const parts = type.fields.map(({ name, type: part }, slot) => ({
    name,
    type: partTypes[part.kind] ?? INTEGER,
    slot,
  }));
  const read = rowReader(type, parts, path);
  return nested((reader) => standing.join(within(reader, parts.length, read)));
}

/** Reads a length-prefixed message. */
function within(reader: ProtobufReader, size: number, read: RowReader): Value[] {
  const start = reader.sized();
  const { at: end, end: outer } = reader;
  reader.at = start;
  reader.end = end;
  const row = new Array<Value>(size).fill(null);
  read(reader, row);
  reader.end = outer;
  return row;
}

type RowReader = (reader: ProtobufReader, row: Value[]) => void;
interface FieldReader {
  readonly slot: number;
  readonly absent: () => Value;
  readonly read: (reader: ProtobufReader, wireType: number, row: Value[]) => void;
}

function fieldReader(field: ProtoField, { type: to, slot }: Target, path: string): FieldReader {
  const wrong = (): DecodeError => new DecodeError(`${path}: the field does not hold ${typeText(to)}`);
  if (field.label === 'map' && to.kind === 'MAP') {
    const entry: ProtoMessage = {
      kind: 'message',
      name: '',
      fields: [
        { name: 'key', number: 1, type: { kind: field.key! }, label: 'plain' },
        { name: 'value', number: 2, type: field.type, label: 'plain' },
      ],
    };
    const read = rowReader(
      entry,
      [
        { name: 'key', type: to.key, slot: 0 },
        { name: 'value', type: to.value, slot: 1 },
      ],
      path,
    );
    return {
      slot,
      absent: () => new Map(),
      read: (reader, wireType, row) => {
        if (wireType !== wire.sized) throw wrong();
        const [key, value] = within(reader, 2, read) as [Value, Value];
        (row[slot] as Map<Value, Value>).set(key, value);
      },
    };
  }
  if (field.label === 'repeated' && to.kind === 'MAP') return entriesReader(field, to, slot, path);
  if (field.label === 'repeated' && to.kind === 'ARRAY') {
    const { wireType: expected, read, packs } = one(field.type, to.element, path);
    return {
      slot,
      absent: () => [],
      read: (reader, wireType, row) => {
        const values = row[slot] as Value[];
        // A reader must accept packed and unpacked elements.
        if (packs && wireType === wire.sized) {
          const start = reader.sized();
          const { at: end, end: outer } = reader;
          reader.at = start;
          reader.end = end;
          while (reader.at < end) values.push(read(reader));
          reader.end = outer;
        } else if (wireType === expected) values.push(read(reader));
        else throw wrong();
      },
    };
  }
  const scalarLabel = field.label === 'plain' || field.label === 'optional';
  const {
    wireType: expected,
    read,
    absent,
  } = scalarLabel ? one(field.type, to, path) : { wireType: -1, read: undefined, absent: null };
  const none = field.label === 'optional' ? null : absent;
  return {
    slot,
    absent: () => none,
    read: (reader, wireType, row) => {
      if (read === undefined || (wireType !== expected && expected >= 0)) throw wrong();
      row[slot] = read(reader);
    },
  };
}

/** Reads a map as repeated messages with a key and a value. */
function entriesReader(
  field: ProtoField,
  to: Extract<SqlType, { kind: 'MAP' }>,
  slot: number,
  path: string,
): FieldReader {
  const entry = one(field.type, struct(entryFields(to)), path);
  return {
    slot,
    absent: () => new Map(),
    read: (reader, wireType, row) => {
      if (wireType !== wire.sized) throw new DecodeError(`${path}: the field does not hold ${typeText(to)}`);
      const [key, value] = entry.read(reader) as [Value, Value];
      (row[slot] as Map<Value, Value>).set(key, value);
    },
  };
}

/**
 * Reads fields up to the reader's end into the slots of the columns with their names; other fields are skipped. An absent field
 * is proto3's default for a plain scalar, an empty collection for a repeated field or map, otherwise NULL.
 */
export function rowReader({ fields }: ProtoMessage, columns: readonly Target[], path: string): RowReader {
  const byNumber = new Map<number, FieldReader>();
  for (const column of columns) {
    if (column.slot < 0) continue;
    const field = fieldNamed(fields, column.name);
    if (field !== undefined) byNumber.set(field.number, fieldReader(field, column, `${path}.${field.name}`));
  }
  const readers = [...byNumber.values()];
  return (reader, row) => {
    for (const { slot, absent } of readers) row[slot] = absent();
    while (reader.at < reader.end) {
      const tag = reader.small();
      const field = byNumber.get(tag >>> 3);
      if (field === undefined) reader.skip(tag & 7);
      else field.read(reader, tag & 7, row);
    }
  };
}
