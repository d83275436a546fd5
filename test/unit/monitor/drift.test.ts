import { expect, test } from 'vitest';
import { addTo, emptyStats } from '../../../src/runtime/monitor/column-stats.ts';
import { compress, emptyDigest, addValue, quantiles, weightOf } from '../../../src/runtime/monitor/digest.ts';
import { drift, driftMeasure } from '../../../src/runtime/monitor/drift.ts';
import type { ColumnStats } from '../../../src/specs/column-stats.ts';
import type { Value } from '../../../src/types/sql-type.ts';

const category = { as: 'category', edges: undefined, keepsValues: false } as const;
const number = { as: 'number', edges: undefined, keepsValues: true } as const;

function of(measured: typeof category | typeof number, values: readonly Value[]): ColumnStats {
  const stats = emptyStats(measured);
  for (const value of values) addTo(stats, measured, value);
  return stats;
}
/** So many of each of four categories. */
const shares = (...counts: number[]): ColumnStats =>
  of(
    category,
    counts.flatMap((count, i) => new Array<string>(count).fill(`c${i}`)),
  );
const [p, q] = [shares(1, 2, 3, 4), shares(2, 2, 2, 4)];

test('the vectors of shares: PSI, Jensen-Shannon and the largest difference', () => {
  expect(drift('POPULATION_STABILITY_INDEX', p, q, undefined, 10)).toBeCloseTo(0.10986122886681095, 15);
  expect(drift('JENSEN_SHANNON', p, q, undefined, 10)).toBeCloseTo(0.13970675101139313, 15);
  expect(drift('JENSEN_SHANNON', p, q, undefined, 10)! ** 2).toBeCloseTo(0.019517976278159394, 15);
  expect(drift('L_INFINITY', p, q, undefined, 10)).toBeCloseTo(0.1, 15);
});

test('the vector of Kolmogorov and Smirnov', () => {
  const [a, b] = [of(number, [1, 2, 3, 4]), of(number, [3, 4, 5, 6])];
  expect(drift('KOLMOGOROV_SMIRNOV', a, b, undefined, 10)).toBe(0.5);
  expect(drift('DIFFERENCE_OF_MEANS', a, b, undefined, 10)).toBe(2);
  expect(drift('WASSERSTEIN', a, b, undefined, 10)).toBeCloseTo(2 / Math.sqrt(1.25), 14);
});

test('an empty bin counts as a ten-thousandth, so what nobody has seen is far and not infinite', () => {
  const unseen = of(category, ['x', 'x']);
  const far = drift('POPULATION_STABILITY_INDEX', p, unseen, undefined, 10)!;
  expect(far).toBeGreaterThan(5);
  expect(far).toBeLessThan(20);
  expect(drift('L_INFINITY', p, unseen, undefined, 10)).toBe(1);
  expect(drift('JENSEN_SHANNON', p, unseen, undefined, 10)).toBe(1);
});

test('what is missing is a bin of its own, and no number counts as missing', () => {
  const half = of(category, [
    ...new Array<null>(10).fill(null),
    ...['c0', 'c1', 'c1', 'c2', 'c2', 'c2'],
    ...['c3', 'c3', 'c3', 'c3'],
  ]);
  expect(drift('L_INFINITY', p, half, undefined, 10)).toBeCloseTo(0.5, 15);
  const [nulls, count] = of(number, [1, NaN, Infinity, null]);
  expect([nulls, count]).toEqual([3, 1]);
});

test('with no value on a side there is no drift to speak of', () => {
  expect(drift('KOLMOGOROV_SMIRNOV', of(number, [1]), of(number, []), undefined, 10)).toBeNull();
  expect(drift('POPULATION_STABILITY_INDEX', of(category, []), p, undefined, 10)).toBeNull();
});

test('a column of one value has no spread to be measured in', () => {
  expect(drift('WASSERSTEIN', of(number, [2, 2]), of(number, [5, 5]), undefined, 10)).toBe(3);
});

test('names of measures in any case, short ones too', () => {
  expect(['psi', 'JS', 'Ks', 'wasserstein', 'constructor'].map(driftMeasure)).toEqual([
    'POPULATION_STABILITY_INDEX',
    'JENSEN_SHANNON',
    'KOLMOGOROV_SMIRNOV',
    'WASSERSTEIN',
    undefined,
  ]);
});

test('many values are merged, and quantiles stay where they were to a thousandth', () => {
  const digest = emptyDigest();
  for (let i = 0; i < 200_000; i++) addValue(digest, (i * 7919) % 200_000);
  expect(weightOf(digest)).toBe(200_000);
  expect(digest[0].length).toBeLessThanOrEqual(10_000);
  const [low, half, high] = quantiles(digest, [0.01, 0.5, 0.99]);
  expect(Math.abs(low! - 2000)).toBeLessThan(200);
  expect(Math.abs(half! - 100_000)).toBeLessThan(200);
  expect(Math.abs(high! - 198_000)).toBeLessThan(200);
  compress(digest, 100);
  expect(weightOf(digest)).toBe(200_000);
});
