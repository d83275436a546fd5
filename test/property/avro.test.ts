import avsc from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { avroReader } from '../../src/formats/avro/read.ts';
import { avroText, parseAvro } from '../../src/formats/avro/schema.ts';
import { AvroReader } from '../../src/formats/avro/wire.ts';
import { avroWriter } from '../../src/formats/avro/write.ts';
import { DecodeError } from '../../src/formats/define.ts';
import { canonical } from '../../src/types/numbers.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIMESTAMP,
  type Value,
} from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';

const inner = struct([
  { name: 'X', type: INTEGER },
  { name: 'TAGS', type: array(STRING) },
]);
const columns = [
  { name: 'I', type: INTEGER },
  { name: 'L', type: BIGINT },
  { name: 'D', type: DOUBLE },
  { name: 'B', type: BOOLEAN },
  { name: 'S', type: STRING },
  { name: 'Y', type: BYTES },
  { name: 'A', type: array(BIGINT) },
  { name: 'M', type: map(STRING, DOUBLE) },
  { name: 'P', type: inner },
  { name: 'Q', type: array(inner) },
  { name: 'T', type: TIMESTAMP },
  { name: 'DAY', type: DATE },
  { name: 'PRICE', type: decimal(20, 3) },
];
const type = struct(columns);
const text = avroText(columns, true, 'KsqlDataSourceSchema');
const schema = parseAvro({ text });

/** avsc with 64-bit integers as bigints, and decimals left as bytes. */
const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});
const other = avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, {
  wrapUnions: 'never',
  typeHook: (each) =>
    each === 'long' || (typeof each === 'object' && 'type' in each && each.type === 'long') ? long : undefined!,
});

const string = fc.string({ unit: 'binary', maxLength: 200 }).map((each) => Buffer.from(each).toString());
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const double = fc.double({ noNaN: true });
const innerValue = fc.tuple(fc.option(fc.integer()), fc.option(fc.array(fc.option(string), { maxLength: 3 })));
const row = fc.tuple(
  fc.option(fc.integer()),
  fc.option(fc.oneof(bigint, fc.integer().map(BigInt))),
  fc.option(double),
  fc.option(fc.boolean()),
  fc.option(string),
  fc.option(fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each))),
  fc.option(fc.array(fc.option(bigint), { maxLength: 20 })),
  fc.option(fc.dictionary(string, fc.option(double), { maxKeys: 4 })),
  fc.option(innerValue),
  fc.option(fc.array(fc.option(innerValue), { maxLength: 3 })),
  fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  fc.option(fc.integer({ min: -700_000, max: 2_000_000 })),
  fc.option(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n })),
);
type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;

const ours = ([i, l, d, b, s, y, a, m, p, q, t, day, price]: Row): Value[] => [
  i,
  l === null ? null : canonical(l),
  d,
  b,
  s,
  y,
  a?.map((each) => (each === null ? null : canonical(each))) ?? null,
  m === null ? null : new Map(Object.entries(m)),
  p,
  q,
  t,
  day,
  price === null ? null : canonical(price),
];
const theirs = ([i, l, d, b, s, y, a, m, p, q, t, day, price]: Row): object => {
  const record = (each: [number | null, (string | null)[] | null] | null): object | null =>
    each && { X: each[0], TAGS: each[1] };
  const digits = price === null ? null : decimalBytes(price);
  return {
    ...{ I: i, L: l, D: d, B: b, S: s, Y: y, A: a, P: record(p), Q: q?.map(record) ?? null, DAY: day, PRICE: digits },
    M: m === null ? null : Object.entries(m).map(([key, value]) => ({ key, value })),
    T: t === null ? null : BigInt(t),
  };
};
function decimalBytes(value: bigint): Buffer {
  for (let size = 1; ; size++)
    if (BigInt.asIntN(size * 8, value) === value)
      return Buffer.from(
        BigInt.asUintN(size * 8, value)
          .toString(16)
          .padStart(size * 2, '0'),
        'hex',
      );
}

function encode(value: Value): Buffer {
  const out = new Bytes(16);
  avroWriter(schema, type, '$')(value, out);
  return out.from(0);
}
function decode(bytes: Buffer): Value {
  const reader = new AvroReader();
  reader.open(bytes, 0, bytes.length);
  return avroReader(schema, type, '$')(reader);
}

test('values are the same bytes to another implementation', () => {
  fc.assert(
    fc.property(row, (values) => {
      expect(encode(ours(values)).equals(other.toBuffer(theirs(values)))).toBe(true);
      expect(decode(other.toBuffer(theirs(values)))).toEqual(ours(values));
    }),
    { numRuns: 1000, seed: 6 },
  );
});

test('what is not wanted is passed over: a record that is read in part gives what the whole one has', () => {
  fc.assert(
    fc.property(row, fc.subarray(columns, { minLength: 1 }), (values, wanted) => {
      const bytes = encode(ours(values));
      const reader = new AvroReader();
      reader.open(bytes, 0, bytes.length);
      const part = avroReader(schema, struct(wanted), '$')(reader) as Value[];
      const whole = ours(values);
      expect(part).toEqual(wanted.map((column) => whole[columns.indexOf(column)]));
      expect(reader.at).toBe(bytes.length);
    }),
    { numRuns: 500, seed: 7 },
  );
});

test('bytes that are no such value are refused as such', () => {
  fc.assert(
    fc.property(row, fc.nat(), fc.integer({ min: 0, max: 255 }), (values, at, byte) => {
      const bytes = encode(ours(values));
      bytes[at % bytes.length] = byte;
      try {
        expect(decode(bytes)).toHaveLength(columns.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000, seed: 8 },
  );
});
