import { EvaluationError } from '../../types/numbers.ts';
import { castBetween } from '../../types/casts.ts';
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  INTEGER,
  STRING,
  struct,
  typeText,
  type Long,
  type SqlType,
  type Value,
} from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
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
import { putVarint } from '../varints.ts';
import { putInteger, putSized, putTag, wire } from './wire.ts';

type Put = (value: Value, out: Bytes) => void;
/** How one value is written after its tag, and which value proto3 leaves out as default. */
interface One {
  readonly wireType: number;
  readonly put: Put;
  readonly isDefault: (value: Value) => boolean;
  readonly packs: boolean;
}
interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly slot: number;
}

const never = (): boolean => false;
const isZero = (value: Value): boolean => Object.is(value, 0);
const wide = (value: Value): bigint => BigInt.asIntN(64, BigInt(value as Long));

const int32 = [-(2 ** 31), 2 ** 31] as const;
const uint32 = [0, 2 ** 32] as const;
/** The least value of a type of 32 bits, and the first one beyond it. */
const ranges: Readonly<Record<string, readonly [least: number, beyond: number]>> = {
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
};

function scalar(type: Exclude<ProtoType, ProtoMessage>, from: SqlType): One | undefined {
  if (type.kind === 'recursive') return undefined;
  const integer = from.kind === 'INTEGER' || from.kind === 'BIGINT';
  const number = (wireType: number, put: Put): One | undefined => {
    const range = ranges[type.kind];
    if (!integer || (from.kind === 'BIGINT' && range?.[1] === 2 ** 31)) return undefined;
    if (range === undefined || (from.kind === 'INTEGER' && range[0] < 0))
      return { wireType, put, isDefault: isZero, packs: true };
    const [least, beyond] = range;
    const checked: Put = (value, out) => {
      if ((value as Long) < least || (value as Long) >= beyond)
        throw new EvaluationError(`${String(value)} is outside the range of ${type.kind}`);
      put(value, out);
    };
    return { wireType, put: checked, isDefault: isZero, packs: true };
  };
  switch (type.kind) {
    case 'bool':
      return from.kind === 'BOOLEAN'
        ? {
            wireType: wire.varint,
            put: (value, out) => out.byte(value === true ? 1 : 0),
            isDefault: (value) => value === false,
            packs: true,
          }
        : undefined;
    case 'double':
    case 'float': {
      if (from.kind !== 'DOUBLE') return undefined;
      const double = type.kind === 'double';
      const put: Put = (value, out) => {
        const bytes = out.need(8);
        out.length = double
          ? bytes.writeDoubleLE(value as number, out.length)
          : bytes.writeFloatLE(value as number, out.length);
      };
      return { wireType: double ? wire.fixed64 : wire.fixed32, put, isDefault: isZero, packs: true };
    }
    case 'string':
      return from.kind === 'STRING'
        ? {
            wireType: wire.sized,
            put: (value, out) => putSized((into) => into.text(value as string), out),
            isDefault: (value) => value === '',
            packs: false,
          }
        : undefined;
    case 'bytes':
      return from.kind === 'BYTES'
        ? {
            wireType: wire.sized,
            put: (value, out) => {
              putVarint((value as Buffer).length, out);
              out.copy(value as Buffer);
            },
            isDefault: (value) => (value as Buffer).length === 0,
            packs: false,
          }
        : undefined;
    case 'enum': {
      if (from.kind !== 'STRING') return undefined;
      const numbers = new Map([...type.symbols].map(([id, name]) => [name, id]));
      const numberOf = (value: Value): number => {
        const number = numbers.get(value as string);
        if (number === undefined)
          throw new EvaluationError(`"${value as string}" is none of ${[...numbers.keys()].join(', ')}`);
        return number;
      };
      return {
        wireType: wire.varint,
        put: (value, out) => putInteger(numberOf(value), out),
        isDefault: (value) => numberOf(value) === 0,
        packs: true,
      };
    }
    case 'sint32':
    case 'sint64':
      return number(wire.varint, (value, out) =>
        putInteger(BigInt.asUintN(64, (wide(value) << 1n) ^ (wide(value) >> 63n)), out),
      );
    case 'fixed32':
    case 'sfixed32':
      return number(wire.fixed32, (value, out) => {
        out.length = out.need(4).writeInt32LE(Number(value) | 0, out.length);
      });
    case 'fixed64':
    case 'sfixed64':
      return number(wire.fixed64, (value, out) => {
        out.length = out.need(8).writeBigInt64LE(wide(value), out.length);
      });
    default:
      return number(wire.varint, (value, out) => putInteger(value as Long, out));
  }
}

const partTypes: Readonly<Record<string, SqlType>> = { bytes: BYTES, int64: BIGINT };

function one(type: ProtoType, from: SqlType, path: string): One {
  const writer = type.kind === 'message' ? message(type, from, path) : scalar(type, from);
  if (writer === undefined) throw new DecodeError(`${path}: Protobuf ${type.kind} cannot hold ${typeText(from)}`);
  return writer;
}

function message(type: ProtoMessage, from: SqlType, path: string): One | undefined {
  const nested = (put: Put): One => ({ wireType: wire.sized, put, isDefault: never, packs: false });
  const inner = wrapped(type);
  if (inner !== undefined) {
    const write = rowWriter(type, [{ name: inner.name, type: from, slot: 0 }], path);
    return nested((value, out) => putSized((into) => write([value], into), out));
  }
  if (from.kind === 'STRUCT') {
    const write = rowWriter(
      type,
      from.fields.map((field, slot) => ({ ...field, slot })),
      path,
    );
    return nested((value, out) => putSized((into) => write(value as readonly Value[], into), out));
  }
  const standing = standingFor(from);
  if (standing === undefined || type.name !== standsFor[from.kind as 'DATE'].name) return undefined;
  const parts = type.fields.map(({ name, type: part }, slot) => ({
    name,
    type: partTypes[part.kind] ?? INTEGER,
    slot,
  }));
  const write = rowWriter(type, parts, path);
  return nested((value, out) => putSized((into) => write(standing.split(value), into), out));
}

/** Writes the key of a map's entry; a text becomes a key of another type where it is one's text. */
function keyWriter(kind: ProtoScalar, from: SqlType, path: string): Put {
  const field = { name: 'key', number: 1, type: { kind }, label: 'plain' } as const;
  if (from.kind !== 'STRING' || kind === 'string') return fieldWriter(field, from, path);
  const type = kind === 'bool' ? BOOLEAN : intKeys.has(kind) ? INTEGER : BIGINT;
  const write = fieldWriter(field, type, path);
  const cast = castBetween(STRING, type)!;
  return (value, out) => write(cast(value), out);
}
const intKeys: ReadonlySet<ProtoScalar> = new Set(['int32', 'sint32', 'sfixed32']);

/** Writes a field with its tag; nothing for NULL and for a default that proto3 leaves out. */
function fieldWriter(field: ProtoField, from: SqlType, path: string): Put {
  const { number, label } = field;
  const refuse = (): never => {
    throw new DecodeError(`${path}: a ${label} field cannot hold ${typeText(from)}`);
  };
  if (label === 'map') {
    if (from.kind !== 'MAP') return refuse();
    const key = keyWriter(field.key!, from.key, path);
    const item = fieldWriter({ name: 'value', number: 2, type: field.type, label: 'plain' }, from.value, path);
    return (value, out) => {
      for (const [name, each] of (value as ReadonlyMap<Value, Value> | null) ?? []) {
        putTag(number, wire.sized, out);
        putSized((into) => {
          key(name, into);
          item(each, into);
        }, out);
      }
    };
  }
  if (label === 'repeated') {
    if (from.kind === 'ARRAY') return repeated(number, one(field.type, from.element, path), path);
    if (from.kind !== 'MAP') return refuse();
    const put = repeated(number, one(field.type, struct(entryFields(from)), path), path);
    return (value, out) => put(value === null ? null : [...(value as ReadonlyMap<Value, Value>)], out);
  }
  const { wireType, put, isDefault } = one(field.type, from, path);
  const always = label === 'optional';
  return (value, out) => {
    if (value === null || (!always && isDefault(value))) return;
    putTag(number, wireType, out);
    put(value, out);
  };
}

function repeated(number: number, { wireType, put, packs }: One, path: string): Put {
  const checked: Put = (value, out) => {
    if (value === null) throw new EvaluationError(`${path}: Protobuf cannot hold a null in an array`);
    put(value, out);
  };
  if (packs)
    return (value, out) => {
      if (value === null || (value as readonly Value[]).length === 0) return;
      putTag(number, wire.sized, out);
      putSized((into) => {
        for (const item of value as readonly Value[]) checked(item, into);
      }, out);
    };
  return (value, out) => {
    for (const item of (value as readonly Value[] | null) ?? []) {
      putTag(number, wireType, out);
      checked(item, out);
    }
  };
}

/** Writes a message's fields from the columns with their names; a field without a column is left out. */
export function rowWriter(
  { fields }: ProtoMessage,
  columns: readonly Column[],
  path: string,
): (row: readonly Value[], out: Bytes) => void {
  const writers = fields.flatMap((field) => {
    const column = columns.find(({ name }) => fieldNamed(fields, name) === field);
    return column === undefined
      ? []
      : [{ slot: column.slot, put: fieldWriter(field, column.type, `${path}.${field.name}`) }];
  });
  const missing = columns.find(({ name }) => fieldNamed(fields, name) === undefined);
  if (missing !== undefined) throw new DecodeError(`${path}: the schema has no field for column "${missing.name}"`);
  return (row, out) => {
    for (let i = 0; i < writers.length; i++) {
      const { slot, put } = writers[i]!;
      put(row[slot]!, out);
    }
  };
}
