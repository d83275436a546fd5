import { canonical } from '../types/numbers.ts';
import { typeText, type Long, type SqlType, type Value } from '../types/sql-type.ts';
import type { Bytes } from '../util/bytes.ts';
import { DecodeError, type Decode, type Format } from './define.ts';

const supported = ['INTEGER', 'BIGINT', 'DOUBLE', 'STRING', 'BYTES'];

function need(bytes: number, actual: number): void {
  if (bytes !== actual) throw new DecodeError(`${bytes} bytes are needed, not ${actual}`);
}

const readers: Partial<Record<SqlType['kind'], (bytes: Buffer, start: number, end: number) => Value>> = {
  INTEGER: (bytes, start, end) => {
    need(4, end - start);
    return bytes.readInt32BE(start);
  },
  BIGINT: (bytes, start, end) => {
    need(8, end - start);
    return canonical(bytes.readBigInt64BE(start));
  },
  DOUBLE: (bytes, start, end) => {
    need(8, end - start);
    return bytes.readDoubleBE(start);
  },
  STRING: (bytes, start, end) => bytes.utf8Slice(start, end),
  BYTES: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
};
const writers: Partial<Record<SqlType['kind'], (value: Value, out: Bytes) => void>> = {
  INTEGER: (value, out) => void (out.length = out.need(4).writeInt32BE(value as number, out.length)),
  BIGINT: (value, out) => void (out.length = out.need(8).writeBigInt64BE(BigInt(value as Long), out.length)),
  DOUBLE: (value, out) => void (out.length = out.need(8).writeDoubleBE(value as number, out.length)),
  STRING: (value, out) => out.text(value as string),
  BYTES: (value, out) => out.copy(value as Buffer),
};

/** Any bytes are valid as text (with replacement characters), so decoding can wait. */
function lateText(slot: number): Decode {
  let from: Buffer = Buffer.alloc(0);
  let first = 0;
  let last = 0;
  const decode = (bytes: Buffer, start: number, end: number): boolean => {
    from = bytes;
    first = start;
    last = end;
    return true;
  };
  return Object.assign(decode, {
    late: (row: Value[]) => {
      row[slot] = from.utf8Slice(first, last);
    },
  });
}

/** Kafka's primitive serializers: one column, as a big-endian number or UTF-8 text. NULL is a null payload. */
export const kafka: Format = {
  name: 'KAFKA',
  supportsKey: true,
  supportsValue: true,
  singles: 'unwrap',
  usesDelimiter: false,
  combines: false,
  writesNames: false,
  writesBareText: ({ kind }) => kind === 'STRING',
  refuses: (columns) => {
    if (columns.length > 1) return { why: 'it holds one column only' };
    const column = columns.find(({ type }) => !supported.includes(type.kind));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: (columns) => {
    const column = columns[0];
    if (column === undefined || column.slot < 0) return () => true;
    const read = readers[column.type.kind]!;
    const { slot } = column;
    if (column.late === true && column.type.kind === 'STRING') return lateText(slot);
    return (bytes, start, end, row) => {
      row[slot] = read(bytes, start, end);
      return true;
    };
  },
  encoder: (columns) => {
    const column = columns[0];
    if (column === undefined) return () => false;
    const write = writers[column.type.kind]!;
    const { slot } = column;
    return (row, out) => {
      const value = row[slot]!;
      if (value === null) return false;
      write(value, out);
      return true;
    };
  },
};
