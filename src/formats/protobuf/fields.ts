import { fits, rescale, unscaledBytes, unscaledFrom } from '../../types/decimals.ts';
import { EvaluationError } from '../../types/numbers.ts';
import { BIGINT, BYTES, INTEGER, type Long, type SqlType, type Value } from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
import { DecodeError, type NullableFields } from '../define.ts';
import type { ProtobufReader } from './wire.ts';
import { putInteger, putSized, putTag, putVarint, wire } from './wire.ts';

const dayMs = 86_400_000;

/** Puts a field with its tag; nothing for null, and nothing for a default that proto3 does not write. */
export type PutField = (value: Value, out: Bytes) => void;

/** A message's fields by number: how each is read, and what one that is absent is. */
export interface ReadField {
  /** `current` is what was read of the field before: elements and entries come one at a time. */
  readonly read: (reader: ProtobufReader, wireType: number, current: Value | undefined) => Value;
  readonly absent: Value;
}

interface Scalar {
  readonly wireType: number;
  readonly put: (value: Value, out: Bytes) => void;
  readonly read: (reader: ProtobufReader) => Value;
  readonly empty: Value;
  /** Whether several in one field are put together without tags. */
  readonly packs: boolean;
}

const noBytes = Buffer.alloc(0);
const scalars: Partial<Record<SqlType['kind'], Scalar>> = {
  BOOLEAN: {
    wireType: wire.varint,
    put: (value, out) => out.byte(value === true ? 1 : 0),
    read: (reader) => reader.int64() !== 0,
    empty: false,
    packs: true,
  },
  INTEGER: {
    wireType: wire.varint,
    put: (value, out) => putInteger(value as number, out),
    read: (reader) => reader.int32(),
    empty: 0,
    packs: true,
  },
  BIGINT: {
    wireType: wire.varint,
    put: (value, out) => putInteger(value as Long, out),
    read: (reader) => reader.int64(),
    empty: 0,
    packs: true,
  },
  DOUBLE: {
    wireType: wire.fixed64,
    put: (value, out) => void (out.length = out.need(8).writeDoubleLE(value as number, out.length)),
    read: (reader) => reader.double(),
    empty: 0,
    packs: true,
  },
  STRING: {
    wireType: wire.sized,
    put: (value, out) => putSized((into) => into.text(value as string), out),
    read: (reader) => {
      const start = reader.sized();
      return reader.bytes.utf8Slice(start, reader.at);
    },
    empty: '',
    packs: false,
  },
  BYTES: {
    wireType: wire.sized,
    put: (value, out) => {
      putVarint((value as Buffer).length, out);
      out.copy(value as Buffer);
    },
    read: (reader) => {
      const start = reader.sized();
      return Buffer.from(reader.bytes.subarray(start, reader.at));
    },
    empty: noBytes,
    packs: false,
  },
};

/** Types that are messages of their own: their fields, and how a value becomes those and comes back. */
interface Message {
  readonly fields: readonly SqlType[];
  readonly split: (value: Value) => readonly Value[];
  readonly join: (fields: readonly Value[]) => Value;
}

function messageOf(type: SqlType): Message | undefined {
  switch (type.kind) {
    case 'STRUCT':
      return {
        fields: type.fields.map((field) => field.type),
        split: (value) => value as readonly Value[],
        join: (fields) => fields,
      };
    case 'DECIMAL': // confluent.type.Decimal: value, precision, scale
      return {
        fields: [BYTES, INTEGER, INTEGER],
        split: (value) => [unscaledBytes(value as Long), type.precision, type.scale],
        join: ([bytes, , scale]) => {
          const value = rescale(unscaledFrom(bytes as Buffer), scale as number, type.scale);
          if (!fits(value, type.precision)) throw new DecodeError(`a decimal has more than ${type.precision} digits`);
          return value;
        },
      };
    case 'DATE': // google.type.Date: year, month, day
      return {
        fields: [INTEGER, INTEGER, INTEGER],
        split: (value) => {
          const date = new Date((value as number) * dayMs);
          return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
        },
        join: ([year, month, day]) => {
          const date = new Date(0);
          date.setUTCFullYear(year as number, (month as number) - 1, day as number);
          return Math.floor(date.getTime() / dayMs);
        },
      };
    case 'TIME': // google.type.TimeOfDay: hours, minutes, seconds, nanos
      return {
        fields: [INTEGER, INTEGER, INTEGER, INTEGER],
        split: (value) => {
          const ms = value as number;
          const seconds = Math.floor(ms / 1000);
          return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, (ms % 1000) * 1_000_000];
        },
        join: (fields) => {
          const [hours, minutes, seconds, nanos] = fields as readonly number[];
          return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + Math.floor(nanos! / 1_000_000);
        },
      };
    case 'TIMESTAMP': // google.protobuf.Timestamp: seconds, nanos
      return {
        fields: [BIGINT, INTEGER],
        split: (value) => {
          const seconds = Math.floor((value as number) / 1000);
          return [seconds, ((value as number) - seconds * 1000) * 1_000_000];
        },
        join: ([seconds, nanos]) => Number(seconds) * 1000 + Math.floor((nanos as number) / 1_000_000),
      };
    default:
      return undefined;
  }
}

/** The fields of nested messages; those of times and decimals are never optional. */
const nestedNullable = (type: SqlType, nullable: NullableFields): NullableFields =>
  type.kind === 'STRUCT' ? nullable : undefined;

export function putField(number: number, type: SqlType, nullable: NullableFields): PutField {
  if (type.kind === 'ARRAY') return putArray(number, type.element, nullable);
  if (type.kind === 'MAP') {
    const key = putField(1, type.key, undefined);
    const item = putField(2, type.value, nullable);
    return (value, out) => {
      if (value === null) return;
      for (const [name, each] of value as ReadonlyMap<Value, Value>) {
        putTag(number, wire.sized, out);
        putSized((into) => {
          key(name, into);
          item(each, into);
        }, out);
      }
    };
  }
  const message = messageOf(type);
  if (message !== undefined) {
    const put = putMessage(message, nestedNullable(type, nullable));
    return (value, out) => {
      if (value === null) return;
      putTag(number, wire.sized, out);
      put(value, out);
    };
  }
  const { wireType, put, empty } = scalars[type.kind]!;
  if (nullable === 'WRAPPER') {
    const inner = putField(1, type, undefined);
    return (value, out) => {
      if (value === null) return;
      putTag(number, wire.sized, out);
      putSized((into) => inner(value, into), out);
    };
  }
  const isEmpty = (value: Value): boolean =>
    empty === noBytes ? (value as Buffer).length === 0 : Object.is(value, empty);
  return (value, out) => {
    if (value === null || (nullable === undefined && isEmpty(value))) return;
    putTag(number, wireType, out);
    put(value, out);
  };
}

function putMessage({ fields, split }: Message, nullable: NullableFields): PutField {
  const puts = fields.map((type, i) => putField(i + 1, type, nullable));
  return (value, out) => {
    const values = split(value);
    putSized((into) => {
      for (let i = 0; i < puts.length; i++) puts[i]!(values[i] ?? null, into);
    }, out);
  };
}

function putArray(number: number, element: SqlType, nullable: NullableFields): PutField {
  const scalar = scalars[element.kind];
  const message = messageOf(element);
  const put = scalar?.put ?? putMessage(message!, nestedNullable(element, nullable));
  const checked = (value: Value, out: Bytes): void => {
    if (value === null) throw new EvaluationError('Protobuf cannot hold a null in an array');
    put(value, out);
  };
  if (scalar?.packs === true)
    return (value, out) => {
      if (value === null || (value as readonly Value[]).length === 0) return;
      putTag(number, wire.sized, out);
      putSized((into) => {
        for (const each of value as readonly Value[]) checked(each, into);
      }, out);
    };
  return (value, out) => {
    for (const each of (value as readonly Value[] | null) ?? []) {
      putTag(number, wire.sized, out);
      checked(each, out);
    }
  };
}

const wrongWire = (type: SqlType): DecodeError => new DecodeError(`a Protobuf field does not hold ${type.kind}`);

export function readField(type: SqlType, nullable: NullableFields): ReadField {
  if (type.kind === 'ARRAY') return readArray(type.element, nullable);
  if (type.kind === 'MAP') {
    const entry = readMessage([readField(type.key, undefined), readField(type.value, nullable)]);
    return {
      absent: new Map(),
      read: (reader, wireType, current) => {
        if (wireType !== wire.sized) throw wrongWire(type);
        const [key, value] = entry(reader) as [Value, Value];
        return ((current as Map<Value, Value> | undefined) ?? new Map<Value, Value>()).set(key, value);
      },
    };
  }
  const message = messageOf(type);
  if (message !== undefined) {
    const nested = nestedNullable(type, nullable);
    const fields = readMessage(message.fields.map((each) => readField(each, nested)));
    return {
      absent: null,
      read: (reader, wireType) => {
        if (wireType !== wire.sized) throw wrongWire(type);
        return message.join(fields(reader));
      },
    };
  }
  const { wireType: expected, read, empty } = scalars[type.kind]!;
  if (nullable === 'WRAPPER') {
    const inner = readMessage([readField(type, undefined)]);
    return {
      absent: null,
      read: (reader, wireType) => {
        if (wireType !== wire.sized) throw wrongWire(type);
        return inner(reader)[0]!;
      },
    };
  }
  return {
    absent: nullable === undefined ? empty : null,
    read: (reader, wireType) => {
      if (wireType !== expected) throw wrongWire(type);
      return read(reader);
    },
  };
}

/** Packed or one at a time: a reader must take both. */
function readArray(element: SqlType, nullable: NullableFields): ReadField {
  const scalar = scalars[element.kind];
  const one = scalar === undefined ? readField(element, nullable) : readField(element, undefined);
  return {
    absent: [],
    read: (reader, wireType, current) => {
      const values = (current as Value[] | undefined) ?? [];
      if (scalar?.packs === true && wireType === wire.sized) {
        const start = reader.sized();
        const { at: end, end: outer } = reader;
        reader.at = start;
        reader.end = end;
        while (reader.at < end) values.push(scalar.read(reader));
        reader.end = outer;
      } else values.push(one.read(reader, wireType, undefined));
      return values;
    },
  };
}

/** Reads a message with its length before it: its fields by number, from 1 on. */
function readMessage(fields: readonly ReadField[]): (reader: ProtobufReader) => Value[] {
  return (reader) => {
    const start = reader.sized();
    const { at: end, end: outer } = reader;
    reader.at = start;
    reader.end = end;
    const values = readFields(reader, fields);
    reader.end = outer;
    return values;
  };
}

/** The fields up to the reader's end, absent ones as they are then; a field that nobody wants is passed over. */
export function readFields(reader: ProtobufReader, fields: readonly (ReadField | undefined)[]): Value[] {
  const values = new Array<Value | undefined>(fields.length).fill(undefined);
  while (reader.at < reader.end) {
    const tag = reader.small();
    const index = (tag >>> 3) - 1;
    const field = fields[index];
    if (field === undefined) reader.skip(tag & 7);
    else values[index] = field.read(reader, tag & 7, values[index]);
  }
  return values.map((value, i) => (value === undefined ? (fields[i]?.absent ?? null) : value));
}
