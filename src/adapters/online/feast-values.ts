import { putVarint, putWideVarint, VarintReader } from '../../formats/varints.ts';
import { canonical } from '../../types/numbers.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { Bytes } from '../../util/bytes.ts';
import { murmur3 } from '../../util/murmur3.ts';
import { fieldText } from './field-text.ts';

type Set = Exclude<Value, null>;

/** How Feast holds a type: the number of the field of its message Value, that of lists of it, and the bytes of a value in a key. */
interface FeastType {
  readonly field: number;
  readonly wire: 0 | 1 | 2;
  readonly put: (value: Set, out: Bytes) => void;
  readonly take: (from: VarintReader) => Value;
  /** Feast's type number and the bytes of a value in an entity key; undefined for types that no key has. */
  readonly inKey?: (value: Set) => readonly [type: number, bytes: Buffer];
}

const wideKey =
  (type: number) =>
  (value: Set): readonly [number, Buffer] => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value as Long));
    return [type, bytes];
  };
const putSized = (bytes: Buffer, out: Bytes): void => {
  putVarint(bytes.length, out);
  out.copy(bytes);
};
const takeSized = (from: VarintReader): Buffer => {
  const length = Number(from.varint());
  const start = from.pass(length);
  return Buffer.from(from.bytes.subarray(start, start + length));
};
const takeLong = (from: VarintReader): Long => canonical(BigInt.asIntN(64, BigInt(from.varint())));

/** DATE, TIME, DECIMAL and nested values are texts there: Feast has no such types. */
function feastType(type: SqlType): FeastType {
  switch (type.kind) {
    case 'STRING':
      return {
        field: 2,
        wire: 2,
        put: (value, out) => {
          putSized(Buffer.from(value as string), out);
        },
        take: (from) => takeSized(from).toString(),
        inKey: (value) => [2, Buffer.from(value as string)],
      };
    case 'BYTES':
      return {
        field: 1,
        wire: 2,
        put: (value, out) => {
          putSized(value as Buffer, out);
        },
        take: takeSized,
        inKey: (value) => [1, value as Buffer],
      };
    case 'INTEGER':
      return {
        field: 3,
        wire: 0,
        put: (value, out) => {
          putWideVarint(BigInt(value as number), out);
        },
        take: takeLong,
        inKey: (value) => {
          const bytes = Buffer.alloc(4);
          bytes.writeInt32LE(value as number);
          return [3, bytes];
        },
      };
    case 'BIGINT':
      return {
        field: 4,
        wire: 0,
        put: (value, out) => {
          putWideVarint(BigInt(value as Long), out);
        },
        take: takeLong,
        inKey: wideKey(4),
      };
    case 'DOUBLE':
      return {
        field: 5,
        wire: 1,
        put: (value, out) => {
          out.need(8).writeDoubleLE(value as number, out.length);
          out.length += 8;
        },
        take: (from) => from.bytes.readDoubleLE(from.pass(8)),
      };
    case 'BOOLEAN':
      return {
        field: 7,
        wire: 0,
        put: (value, out) => {
          out.byte(value === true ? 1 : 0);
        },
        take: (from) => from.varint() === 1,
      };
    case 'TIMESTAMP': {
      const seconds = (value: Set): bigint => BigInt(Math.floor((value as number) / 1000));
      return {
        field: 8,
        wire: 0,
        put: (value, out) => {
          putWideVarint(seconds(value), out);
        },
        take: (from) => Number(takeLong(from)) * 1000,
        inKey: (value) => wideKey(8)(canonical(seconds(value))),
      };
    }
    default: {
      const { write, read } = fieldText(type);
      return {
        field: 2,
        wire: 2,
        put: (value, out) => {
          putSized(Buffer.from(write(value)), out);
        },
        take: (from) => read(takeSized(from).toString()),
      };
    }
  }
}

/** Feast's message Value of a type's values; NULL is the empty message. */
export function feastValue(type: SqlType): {
  readonly write: (value: Value) => Buffer;
  readonly read: (bytes: Buffer) => Value;
} {
  const { field, wire, put, take } = feastType(type);
  const reader = new VarintReader('a value of Feast');
  return {
    write(value) {
      const out = new Bytes(16);
      if (value !== null) {
        putVarint(field * 8 + wire, out);
        put(value, out);
      }
      return out.from(0);
    },
    read(bytes) {
      if (bytes.length === 0) return null;
      reader.open(bytes, 0, bytes.length);
      return Number(reader.varint()) === field * 8 + wire ? take(reader) : null;
    },
  };
}

/** Feast's message Timestamp, of seconds and nanoseconds. */
export function feastTime(ms: number): Buffer {
  const seconds = Math.floor(ms / 1000);
  const nanos = (ms - seconds * 1000) * 1_000_000;
  const out = new Bytes(16);
  if (seconds !== 0) {
    putVarint(8, out);
    putWideVarint(BigInt(seconds), out);
  }
  if (nanos !== 0) {
    putVarint(16, out);
    putVarint(nanos, out);
  }
  return out.from(0);
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** An entity key as Feast serialises it (version 3), its columns by name. */
export function feastKey(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): (key: readonly Value[]) => Buffer {
  const sorted = columns
    .map(({ name, type }, index) => ({
      name: Buffer.from(name),
      index,
      inKey: feastType(type).inKey!,
    }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
  const head = Buffer.concat([
    word(sorted.length),
    ...sorted.flatMap(({ name }) => [word(2), word(name.length), name]),
  ]);
  return (key) =>
    Buffer.concat([
      head,
      ...sorted.flatMap(({ index, inKey }) => {
        const [type, bytes] = inKey(key[index] as Set);
        return [word(type), word(bytes.length), bytes];
      }),
    ]);
}

/** The 32 bits of a name's MurmurHash3, in little-endian order: the name of a feature's field. */
export const feastField = (name: string): Buffer => word(murmur3(Buffer.from(name), 0));

/** The milliseconds of a Timestamp. */
export function feastMillis(bytes: Buffer): number {
  const reader = new VarintReader('a time of Feast');
  reader.open(bytes, 0, bytes.length);
  let ms = 0;
  while (reader.at < bytes.length) {
    const tag = reader.varint();
    const value = Number(takeLong(reader));
    ms += tag === 8 ? value * 1000 : value / 1_000_000;
  }
  return ms;
}
