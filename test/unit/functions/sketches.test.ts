import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Aggregator } from '../../../src/functions/define.ts';
import { findAggregate } from '../../../src/functions/registry.ts';
import type { Value } from '../../../src/types/sql-type.ts';

const standard = (name: string, constant?: Value): Aggregator => {
  const { params, create } = findAggregate(name)!.standard.at(-1)!;
  const constants = params.map((param) => (param.constant ? constant : undefined));
  return create({ args: params.map(() => ({ kind: 'DOUBLE' })), returns: { kind: 'DOUBLE' }, constants });
};
interface Event {
  readonly value: Value;
  readonly time: number;
}
/** Everything added in order, chunk by chunk, the chunks merged. */
const over = ({ init, add, merge, result }: Aggregator, events: readonly Event[], chunk = Infinity, now = 0): Value => {
  let whole = init();
  for (let i = 0; i < events.length; i += chunk) {
    const part = events
      .slice(i, i + chunk)
      .reduce<unknown>((state, { value, time }) => add(state as never, value, [null, time]), init());
    whole = merge!(whole as never, part as never);
    if (chunk === Infinity) break;
  }
  return result(whole as never, now);
};
const isClose = (actual: Value, expected: number, size = Math.abs(expected)): void =>
  expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(size * 1e-12);
const events = (values: readonly Value[]): Event[] => values.map((value, i) => ({ value, time: i }));

test.each([
  ['numbers', (i: number): Value => i / 7],
  ['texts', (i: number): Value => `user-${i}`],
  ['great numbers', (i: number): Value => 9007199254740993n + BigInt(i)],
  ['structs', (i: number): Value => [i, `x${i}`]],
])('APPROX_COUNT_DISTINCT of %s is exact up to 400 and within its error beyond', (_, valueOf) => {
  const aggregator = standard('APPROX_COUNT_DISTINCT');
  const few = Array.from({ length: 1200 }, (__, i) => valueOf(i % 400));
  expect(over(aggregator, events(few), 64)).toBe(400);
  for (const count of [401, 3_000, 20_000, 100_000]) {
    const values = Array.from({ length: count }, (__, i) => valueOf(i));
    const estimate = over(aggregator, events([...values, ...values.slice(0, 1000)]), 1000) as number;
    expect(Math.abs(estimate - count) / count).toBeLessThan(0.042);
    expect(over(aggregator, events(values.toReversed()))).toBe(estimate);
  }
});

test('APPROX_PERCENTILE is within 1 % of the value at its place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double({ noNaN: true }), fc.double({ min: -100, max: 100, noNaN: true }), fc.constant(0)), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (values, q, chunk) => {
        const exact = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
        const actual = over(standard('APPROX_PERCENTILE', q), events(values), chunk) as number;
        if (!Number.isFinite(exact) || exact === 0) expect(actual + 0).toBe(exact + 0);
        // Below the normal doubles there are not enough digits for a hundredth.
        else if (Math.abs(exact) > 1e-300)
          expect(Math.abs(actual - exact) / Math.abs(exact)).toBeLessThanOrEqual(0.01 + 1e-9);
      },
    ),
    { numRuns: 3_000, seed: 14 },
  );
  expect(over(standard('APPROX_PERCENTILE', 1), events([1, NaN, 5]))).toBeNaN();
  expect(over(standard('APPROX_PERCENTILE', 0.5), events([null]))).toBeNull();
});

test('EWMA is the loop of the definition, however the values were cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })), { maxLength: 200 }),
      fc.constantFrom(0.01, 0.3, 0.5, 0.999, 1),
      fc.integer({ min: 1, max: 40 }),
      (values, alpha, chunk) => {
        let expected: number | null = null;
        for (const value of values)
          if (value !== null) expected = expected === null ? value : alpha * value + (1 - alpha) * expected;
        const actual = over(standard('EWMA', alpha), events(values), chunk);
        expect(actual).toBe(over(standard('EWMA', alpha), events(values)));
        if (expected === null) expect(actual).toBeNull();
        else isClose(actual, expected, 1e6);
      },
    ),
    { numRuns: 2_000, seed: 14 },
  );
  // pandas.Series([1, 4, 2.5, -3]).ewm(alpha=0.3, adjust=False).mean()
  isClose(over(standard('EWMA', 0.3), events([1, 4, 2.5, -3])), 0.556);
  expect(over(standard('EWMA', 0.3), events([1, Infinity, 3]))).toBe(Infinity);
});

test('decayed sums, counts and averages are those of the definition', () => {
  const rows = fc.array(
    fc.record({
      value: fc.option(fc.double({ min: 1e-6, max: 1e6, noNaN: true })),
      time: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_900_000 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom(1, 1000, 60_000, 86_400_000),
      fc.integer({ min: 1, max: 9 }),
      (list, halfLife, chunk) => {
        const now = 1_700_000_900_000;
        const left = ({ time }: Event): number => 2 ** (-(now - time) / halfLife);
        const known = list.filter(({ value }) => value !== null);
        const sum = known.reduce((total, event) => total + event.value! * left(event), 0);
        const ones = known.reduce((total, event) => total + left(event), 0);
        for (const each of [list, list.toSorted((a, b) => a.time - b.time)]) {
          const actual = over(standard('DECAYED_SUM', halfLife), each, chunk, now);
          if (known.length === 0) expect(actual).toBeNull();
          else isClose(actual, sum, sum * 100 + 1e-300);
          const average = over(standard('EWMA_HALFLIFE', halfLife), each, chunk, now);
          if (known.length === 0) expect(average).toBeNull();
          else if (ones > 1e-300) isClose(average, sum / ones, (sum / ones) * 100);
        }
      },
    ),
    { numRuns: 1_000, seed: 14 },
  );
  const two = [
    { value: 8, time: 0 },
    { value: 4, time: 1000 },
    { value: null, time: 1500 },
  ];
  expect(over(standard('DECAYED_SUM', 1000), two, 1, 2000)).toBe(4);
  expect(over(standard('EWMA_HALFLIFE', 1000), two, 1, 2000)).toBe(16 / 3);
  expect(
    over(
      standard('DECAYED_COUNT', 1000),
      [
        { value: null, time: 0 },
        { value: 1, time: 1000 },
      ],
      1,
      1000,
    ),
  ).toBe(1.5);
  expect(over(standard('DECAYED_COUNT', 1000), [])).toBe(0);
});
