import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonBytesWriter } from '../../src/types/json-bytes.ts';
import { jsonWriter } from '../../src/types/json-text.ts';
import { BIGINT, DOUBLE, INTEGER, STRING, array, type SqlType, type Value } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';

/** Decimals of few places, their neighbours and the edges of the plain notation, besides any double at all. */
const double = fc.oneof(
  fc.double(),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 6 })).map(([digits, places]) => digits / 10 ** places),
  fc.integer({ min: 0, max: 1e8 }).map((digits) => digits / 10_000 + Number.EPSILON),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 })).map(([digits, places]) => digits / 10 ** places),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([digits, zeros]) => digits * 10 ** zeros),
  fc.constantFrom(
    0,
    -0,
    1e-3,
    9.999e-4,
    1e7,
    9_999_999.9999,
    12_345_678.5,
    -1e11,
    99_999_999_999.9999,
    1e21,
    Number.MAX_SAFE_INTEGER,
    Infinity,
    -Infinity,
    NaN,
  ),
);
const columns: readonly (readonly [SqlType, fc.Arbitrary<Value>])[] = [
  [STRING, fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a"b', 'a\\b', 'é', '\u007f', '\n'))],
  [INTEGER, fc.oneof(fc.integer(), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, -(2 ** 31)))],
  [BIGINT, fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [DOUBLE, double],
  [array(DOUBLE), fc.array(double)],
];

test.each(columns.map(([type, value]) => ({ kind: type.kind, type, value })))(
  'JSON written as bytes is the JSON written as text: $kind',
  ({ type, value }) => {
    const text = jsonWriter(type);
    const write = jsonBytesWriter(type);
    fc.assert(
      fc.property(fc.array(fc.option(value), { maxLength: 20 }), (values) => {
        const out = new Bytes(1);
        for (const each of values) write(each, out);
        expect(out.from(0).toString()).toBe(values.map((each) => (each === null ? 'null' : text(each))).join(''));
      }),
      { numRuns: 1000, seed: 21 },
    );
  },
);
