import { decimalText } from '../../types/decimals.ts';
import { jsonWriter } from '../../types/json-text.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { dateText, exactTimeText, timestampText } from '../../types/times.ts';
import { int16, int32 } from './messages.ts';

/** A type of PostgreSQL as this door gives and takes it. */
export interface PgType {
  readonly oid: number;
  /** The type as DDL has it. */
  readonly sql: string;
  /** The length of its values; -1 where it varies. */
  readonly size: number;
  readonly modifier: number;
  readonly text: (value: Exclude<Value, null>) => string;
  readonly binary: (value: Exclude<Value, null>) => Buffer;
}

type Given = Exclude<Value, null>;
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const bytesOf = (size: number, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};
const int64 = (value: bigint): Buffer => bytesOf(8, (bytes) => bytes.writeBigInt64BE(value));
/** 2000-01-01, from where PostgreSQL counts. */
const epochDays = 10_957;
const epochMs = epochDays * 86_400_000;

const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** NUMERIC's binary form: groups of four digits with their weight. */
function numericBinary(text: string): Buffer {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)!;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = (left + right).match(/.{4}/g)!.map(Number);
  let weight = left.length / 4 - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === 0) groups.pop();
  if (groups.length === 0) weight = 0;
  const head = [groups.length, weight, sign === '-' && groups.length > 0 ? 0x4000 : 0, fraction.length];
  return Buffer.concat([...head, ...groups].map((part) => int16(part)));
}

const scalars: {
  readonly [K in Exclude<SqlType['kind'], 'ARRAY' | 'MAP' | 'STRUCT' | 'DECIMAL'>]: Omit<PgType, 'modifier'>;
} = {
  BOOLEAN: {
    oid: 16,
    sql: 'boolean',
    size: 1,
    text: (value) => (value === true ? 't' : 'f'),
    binary: (value) => Buffer.from([value === true ? 1 : 0]),
  },
  INTEGER: { oid: 23, sql: 'integer', size: 4, text: String, binary: (value) => int32(Number(value)) },
  BIGINT: { oid: 20, sql: 'bigint', size: 8, text: String, binary: (value) => int64(BigInt(value as Long)) },
  DOUBLE: {
    oid: 701,
    sql: 'double precision',
    size: 8,
    text: (value) => doubleText(value as number),
    binary: (value) => bytesOf(8, (bytes) => bytes.writeDoubleBE(value as number)),
  },
  STRING: {
    oid: 25,
    sql: 'text',
    size: -1,
    text: (value) => value as string,
    binary: (value) => utf8(value as string),
  },
  BYTES: {
    oid: 17,
    sql: 'bytea',
    size: -1,
    text: (value) => `\\x${(value as Buffer).toString('hex')}`,
    binary: (value) => value as Buffer,
  },
  DATE: {
    oid: 1082,
    sql: 'date',
    size: 4,
    text: (value) => dateText(value as number),
    binary: (value) => int32((value as number) - epochDays),
  },
  TIME: {
    oid: 1083,
    sql: 'time',
    size: 8,
    text: (value) => exactTimeText(value as number),
    binary: (value) => int64(BigInt(value as number) * 1000n),
  },
  // A TIMESTAMP of Millrace is an instant: WITH TIME ZONE says so, in UTC.
  TIMESTAMP: {
    oid: 1184,
    sql: 'timestamp with time zone',
    size: 8,
    text: (value) => `${timestampText(value as number).replace('T', ' ')}+00`,
    binary: (value) => int64(BigInt((value as number) - epochMs) * 1000n),
  },
};

const arrayOids = new Map([
  [16, 1000],
  [17, 1001],
  [20, 1016],
  [23, 1007],
  [25, 1009],
  [701, 1022],
  [1082, 1182],
  [1083, 1183],
  [1184, 1185],
  [1700, 1231],
  [3802, 3807],
]);

/** The type that a value of a SQL type goes out as. MAP, STRUCT and nested ARRAY are jsonb. */
export function pgTypeOf(type: SqlType): PgType {
  switch (type.kind) {
    case 'DECIMAL': {
      const text = (value: Given): string => decimalText(value as Long, type.scale);
      const modifier = ((type.precision << 16) | type.scale) + 4;
      const sql = `numeric(${type.precision}, ${type.scale})`;
      return { oid: 1700, sql, size: -1, modifier, text, binary: (value) => numericBinary(text(value)) };
    }
    case 'ARRAY': {
      if (type.element.kind === 'ARRAY') break;
      const element = pgTypeOf(type.element);
      return {
        oid: arrayOids.get(element.oid)!,
        sql: `${element.sql}[]`,
        size: -1,
        modifier: element.modifier,
        text: (value) => arrayText(value as readonly Value[], element),
        binary: (value) => arrayBinary(value as readonly Value[], element),
      };
    }
    case 'MAP':
    case 'STRUCT':
      break;
    default:
      return { ...scalars[type.kind], modifier: -1 };
  }
  const json = jsonWriter(type, { times: 'exact' });
  const binary = (value: Given): Buffer => Buffer.concat([Buffer.from([1]), utf8(json(value))]);
  return { oid: 3802, sql: 'jsonb', size: -1, modifier: -1, text: json, binary };
}

const quoted = (text: string): string =>
  text === '' || /[{}",\\\s]|^null$/i.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text;
const arrayText = (items: readonly Value[], element: PgType): string =>
  `{${items.map((item) => (item === null ? 'NULL' : quoted(element.text(item)))).join(',')}}`;

function arrayBinary(items: readonly Value[], element: PgType): Buffer {
  const dimensions = items.length === 0 ? 0 : 1;
  const head = [dimensions, items.includes(null) ? 1 : 0, element.oid, ...(dimensions === 0 ? [] : [items.length, 1])];
  const parts = items.flatMap((item) => {
    if (item === null) return [int32(-1)];
    const bytes = element.binary(item);
    return [int32(bytes.length), bytes];
  });
  return Buffer.concat([...head.map(int32), ...parts]);
}
