import type { ColumnStats, Digest } from '../../specs/column-stats.ts';
import { deviationOf } from './column-stats.ts';
import { countsBetween, edgesOf, settle, weightOf } from './digest.ts';

/** How two distributions are compared: by their shares of bins, or by their values. */
type Comparison =
  | { readonly of: 'shares'; readonly measure: (p: readonly number[], q: readonly number[]) => number }
  | { readonly of: 'values'; readonly measure: (reference: ColumnStats, current: ColumnStats) => number };

/** An empty bin counts as this share, so that no logarithm is infinite. */
const emptyShare = 1e-4;

function populationStabilityIndex(p: readonly number[], q: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const a = Math.max(p[i]!, emptyShare);
    const b = Math.max(q[i]!, emptyShare);
    sum += (b - a) * Math.log(b / a);
  }
  return sum;
}

function divergence(p: readonly number[], q: readonly number[]): number {
  const towards = (a: number, m: number): number => (a === 0 ? 0 : a * Math.log2(a / m));
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const m = (p[i]! + q[i]!) / 2;
    sum += towards(p[i]!, m) / 2 + towards(q[i]!, m) / 2;
  }
  return Math.max(0, sum);
}

const lInfinity = (p: readonly number[], q: readonly number[]): number =>
  Math.max(0, ...p.map((share, i) => Math.abs(share - q[i]!)));

/** Walks both cumulative distributions: what they are from each value to the next. */
function walk(a: Digest, b: Digest, visit: (f: number, g: number, width: number) => void): void {
  settle(a);
  settle(b);
  const [totalA, totalB] = [weightOf(a), weightOf(b)];
  let i = 0;
  let j = 0;
  let [f, g] = [0, 0];
  while (i < a[0].length || j < b[0].length) {
    const at = Math.min(a[0][i] ?? Infinity, b[0][j] ?? Infinity);
    if (a[0][i] === at) f += a[1][i++]!;
    if (b[0][j] === at) g += b[1][j++]!;
    const next = Math.min(a[0][i] ?? Infinity, b[0][j] ?? Infinity);
    visit(f / totalA, g / totalB, next === Infinity ? 0 : next - at);
  }
}

function kolmogorovSmirnov(reference: ColumnStats, current: ColumnStats): number {
  let most = 0;
  walk(reference[5]!, current[5]!, (f, g) => (most = Math.max(most, Math.abs(f - g))));
  return most;
}

/** The area between the distributions in standard deviations of the reference; as it is where that is zero. */
function wasserstein(reference: ColumnStats, current: ColumnStats): number {
  let area = 0;
  walk(reference[5]!, current[5]!, (f, g, width) => (area += Math.abs(f - g) * width));
  const deviation = deviationOf(reference);
  return deviation === 0 ? area : area / deviation;
}

const byNumbers = { of: 'values', measure: (a, b) => Math.abs(b[2] - a[2]) } satisfies Comparison;

/** The measures of drift, by the names that Snowflake and BigQuery give them. */
export const driftMeasures = {
  POPULATION_STABILITY_INDEX: { of: 'shares', measure: populationStabilityIndex },
  JENSEN_SHANNON: { of: 'shares', measure: (p, q) => Math.sqrt(divergence(p, q)) },
  KOLMOGOROV_SMIRNOV: { of: 'values', measure: kolmogorovSmirnov },
  WASSERSTEIN: { of: 'values', measure: wasserstein },
  L_INFINITY: { of: 'shares', measure: lInfinity },
  DIFFERENCE_OF_MEANS: byNumbers,
} as const satisfies Readonly<Record<string, Comparison>>;
export type DriftMeasure = keyof typeof driftMeasures;

const shortNames: Readonly<Record<string, DriftMeasure>> = {
  PSI: 'POPULATION_STABILITY_INDEX',
  JS: 'JENSEN_SHANNON',
  KS: 'KOLMOGOROV_SMIRNOV',
};

/** The measure that a name means, in upper or lower case; undefined for others. */
export function driftMeasure(name: string): DriftMeasure | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(driftMeasures, upper) ? (upper as DriftMeasure) : shortNames[upper];
}

/** Whether a measure reads the values of numbers themselves. */
export const comparesValues = (measure: DriftMeasure): boolean => driftMeasures[measure].of === 'values';

/** How far the current values are from those of the reference; null when there are none on a side. */
export function drift(
  measure: DriftMeasure,
  reference: ColumnStats,
  current: ColumnStats,
  edges: readonly number[] | undefined,
  bins: number,
): number | null {
  const comparison: Comparison = driftMeasures[measure];
  if (comparison.of === 'values')
    return reference[1] === 0 || current[1] === 0 ? null : comparison.measure(reference, current);
  if (reference[0] + reference[1] === 0 || current[0] + current[1] === 0) return null;
  const [p, q] =
    reference[6] === null
      ? numberShares(reference, current, edges, bins)
      : categoryShares(reference, current, reference[6]);
  return comparison.measure(p, q);
}

type Shares = [p: number[], q: number[]];
const shareOf = (counts: readonly number[], { 0: nulls, 1: count }: ColumnStats): number[] =>
  [...counts, nulls].map((each) => each / (nulls + count));

/** Shares of bins, and of what is null. */
function numberShares(
  reference: ColumnStats,
  current: ColumnStats,
  edges: readonly number[] | undefined,
  bins: number,
): Shares {
  const between = edges ?? edgesOf(reference[5]!, bins);
  return [
    shareOf(reference[4] ?? countsBetween(reference[5]!, between), reference),
    shareOf(current[4] ?? countsBetween(current[5]!, between), current),
  ];
}

/** Shares of the reference's categories, of all others together, and of what is null. */
function categoryShares(reference: ColumnStats, current: ColumnStats, categories: NonNullable<ColumnStats[6]>): Shares {
  const now = new Map(current[6]);
  const known = categories.map(([name]) => now.get(name) ?? 0);
  const unseen = current[1] - known.reduce((sum, each) => sum + each, 0);
  return [shareOf([...categories.map(([, times]) => times), 0], reference), shareOf([...known, unseen], current)];
}
