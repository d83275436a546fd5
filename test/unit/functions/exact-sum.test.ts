import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ratioToDouble } from '../../../src/functions/aggregate/exact-ratio.ts';
import {
  exactSum,
  exactValue,
  exclude,
  hasNonFinite,
  highAndLow,
  include,
  includeProduct,
  excludeProduct,
  joinSums,
  roundedMean,
  roundedSum,
  type ExactSum,
} from '../../../src/functions/aggregate/exact-sum.ts';
import { decodeValue, encodeValue } from '../../../src/runtime/codec.ts';

/** A finite double in units of 2^-1074, from its decimal digits: nothing of the code under test. */
function units(value: number): bigint {
  const [mantissa, exponent] = hexParts(value);
  return mantissa << BigInt(exponent + 1074);
}
function hexParts(value: number): [bigint, number] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  const bits = bytes.readBigUInt64BE();
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const size = biased === 0 ? fraction : fraction | (1n << 52n);
  return [value < 0 ? -size : size, Math.max(biased, 1) - 1075];
}
const least = 2 ** -1074;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const next = (value: number, by: 1 | -1): number => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  if (value === 0) return by * least;
  bytes.writeBigInt64BE(bytes.readBigInt64BE() + BigInt(value > 0 ? by : -by));
  return bytes.readDoubleBE();
};
const greatest = units(Number.MAX_VALUE);
const overflow = greatest + units(2 ** 970);

/** Whether a double is the nearest to above / below in units of 2^-1074, of two the even one. */
function isNearest(value: number, above: bigint, below: bigint): boolean {
  if (abs(above) >= overflow * below) return value === (above < 0n ? -Infinity : Infinity);
  if (!Number.isFinite(value)) return false;
  const distance = (each: number): bigint => abs(above - (Number.isFinite(each) ? units(each) : 2n * overflow) * below);
  const own = distance(value);
  return ([1, -1] as const).every((by) => {
    const other = distance(next(value, by));
    return own < other || (own === other && (hexParts(value)[0] & 1n) === 0n);
  });
}

const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.integer({ min: -1000, max: 1000 }).map((n) => n / 100),
  fc.constantFrom(
    0,
    -0,
    1,
    1e100,
    -1e100,
    1e16,
    2 ** 53,
    least,
    -least,
    2 ** -1022,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ),
  fc
    .tuple(fc.integer({ min: -1074, max: 1023 }), fc.boolean())
    .map(([exponent, negative]) => (negative ? -1 : 1) * 2 ** exponent),
);
const sumOf = (values: readonly number[]): ExactSum => {
  const sum = exactSum();
  for (const value of values) include(sum, value);
  return sum;
};
/** What is read of a sum, and of its bytes. */
const readings = (sum: ExactSum): unknown[] => {
  const read = (state: ExactSum): unknown[] => {
    const pair = new Float64Array(2);
    highAndLow(state, pair);
    return [state[0], roundedSum(state) + 0, state[0] === 0 ? null : roundedMean(state) + 0, ...pair.map((x) => x + 0)];
  };
  const values = read(sum);
  expect(read(decodeValue(encodeValue(sum)) as ExactSum)).toEqual(values);
  return values;
};

describe('the exact sum of doubles', () => {
  test('is the nearest double, and divided by the count the nearest double too', () => {
    fc.assert(
      fc.property(fc.array(double, { minLength: 1, maxLength: 40 }), (values) => {
        const sum = sumOf(values);
        const exact = values.reduce((total, value) => total + units(value), 0n);
        expect(isNearest(roundedSum(sum), exact, 1n)).toBe(true);
        expect(isNearest(roundedMean(sum), exact, BigInt(values.length))).toBe(true);
      }),
      { numRuns: 20_000, seed: 14 },
    );
  });

  test('what is taken back leaves what was, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(double, { maxLength: 12 }),
        fc.array(double, { maxLength: 12 }),
        fc.nat(),
        (kept, others, cut) => {
          const sum = sumOf([...others, ...kept]);
          const at = others.length === 0 ? 0 : cut % others.length;
          for (const value of [...others.slice(at), ...others.slice(0, at)]) exclude(sum, value);
          expect(readings(sum)).toEqual(readings(sumOf(kept)));
        },
      ),
      { numRuns: 5_000, seed: 14 },
    );
  });

  test('two sums together are the sum of all, and stay as they were', () => {
    const any = fc.oneof({ weight: 9, arbitrary: double }, fc.constantFrom(NaN, Infinity, -Infinity));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), fc.array(any, { maxLength: 12 }), (left, right) => {
        const [a, b] = [sumOf(left), sumOf(right)];
        const before = [readings(a), readings(b)];
        const joined = joinSums(a, b);
        expect(readings(joined)).toEqual(readings(sumOf([...left, ...right])));
        include(joined, 0.1);
        expect([readings(a), readings(b)]).toEqual(before);
      }),
      { numRuns: 5_000, seed: 14 },
    );
  });

  test('NaN and infinities count while they are there', () => {
    const sum = sumOf([0.1, 0.2]);
    include(sum, Infinity);
    expect([roundedSum(sum), roundedMean(sum), hasNonFinite(sum)]).toEqual([Infinity, Infinity, true]);
    include(sum, -Infinity);
    expect(roundedSum(sum)).toBeNaN();
    exclude(sum, Infinity);
    expect(roundedSum(sum)).toBe(-Infinity);
    include(sum, NaN);
    exclude(sum, -Infinity);
    expect([roundedSum(sum), roundedMean(sum)]).toEqual([NaN, NaN]);
    exclude(sum, NaN);
    expect([roundedSum(sum), sum[0], hasNonFinite(sum)]).toEqual([0.30000000000000004, 2, false]);
  });

  test('products are exact from the least to the greatest double', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(double, double), { minLength: 1, maxLength: 12 }), fc.nat(), (pairs, cut) => {
        const sum = exactSum();
        for (const [x, y] of pairs) includeProduct(sum, x, y);
        const exact = pairs.reduce((total, [x, y]) => total + units(x) * units(y), 0n);
        const { digits, exponent } = exactValue(sum);
        expect((digits << BigInt(exponent + 2148)) - exact).toBe(0n);
        expect(isNearest(roundedSum(sum), exact, 1n << 1074n)).toBe(true);
        const rest = pairs.slice(cut % pairs.length);
        for (const [x, y] of rest) excludeProduct(sum, x, y);
        const less = exactSum();
        for (const [x, y] of pairs.slice(0, cut % pairs.length)) includeProduct(less, x, y);
        expect(readings(sum)).toEqual(readings(less));
      }),
      { numRuns: 3_000, seed: 14 },
    );
  });

  test('a sum beyond the greatest double comes back', () => {
    const sum = sumOf([Number.MAX_VALUE, Number.MAX_VALUE, 0.1]);
    expect([roundedSum(sum), roundedMean(sum)]).toEqual([Infinity, (Number.MAX_VALUE / 3) * 2]);
    exclude(sum, Number.MAX_VALUE);
    exclude(sum, Number.MAX_VALUE);
    expect([roundedSum(sum), sum.length]).toEqual([0.1, 3]);
  });

  test('its parts are few again when what was great or small has left', () => {
    const sum = sumOf([]);
    for (let exponent = -900; exponent < 900; exponent += 60) include(sum, 2 ** exponent);
    expect(sum.length).toBeGreaterThan(15);
    for (let exponent = -900; exponent < 900; exponent += 60) exclude(sum, 2 ** exponent);
    include(sum, 1);
    expect(sum.length).toBe(3);
  });
});

test('a ratio becomes the nearest double', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
      fc.bigInt({ min: 1n, max: 2n ** 120n }),
      fc.integer({ min: -1074, max: 900 }),
      (above, below, exponent) => {
        expect(isNearest(ratioToDouble(above, below, exponent), above << BigInt(exponent + 1074), below)).toBe(true);
      },
    ),
    { numRuns: 20_000, seed: 14 },
  );
  expect([ratioToDouble(1n, 2n, -1074), ratioToDouble(3n, 4n, -1074), ratioToDouble(-1n, 1n, -1080)]).toEqual([
    0,
    least,
    0,
  ]);
});
