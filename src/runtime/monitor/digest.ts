import type { Digest } from '../../specs/column-stats.ts';

/** The most distinct values that are kept as they came; beyond it neighbours are merged into their mean. */
const mostValues = 10_000;
const pendingValues = 4096;

export const emptyDigest = (): Digest => [[], [], []];

export function addValue(digest: Digest, value: number): void {
  digest[2].push(value);
  if (digest[2].length >= pendingValues) settle(digest);
}

/** Sorts in what is pending. */
export function settle(digest: Digest): void {
  const pending = digest[2];
  if (pending.length === 0) return;
  digest[2] = [];
  merge(digest, new Float64Array(pending).sort(), undefined);
}

/** Adds the values of another digest. */
export function addDigest(into: Digest, from: Digest): void {
  settle(into);
  merge(into, from[0], from[1]);
  for (const value of from[2]) addValue(into, value);
}

function merge(digest: Digest, values: ArrayLike<number>, weights: ArrayLike<number> | undefined): void {
  const [had, hadWeights] = digest;
  const merged: number[] = [];
  const mergedWeights: number[] = [];
  let last = -1;
  let i = 0;
  let j = 0;
  while (i < had.length || j < values.length) {
    const isHad = j >= values.length || (i < had.length && had[i]! <= values[j]!);
    const value = isHad ? had[i]! : values[j]!;
    const weight = isHad ? hadWeights[i++]! : weightAt(weights, j++);
    if (last >= 0 && merged[last] === value) mergedWeights[last]! += weight;
    else {
      merged.push(value);
      mergedWeights.push(weight);
      last++;
    }
  }
  digest[0] = merged;
  digest[1] = mergedWeights;
  if (merged.length > mostValues) compress(digest, mostValues / 2);
}

const weightAt = (weights: ArrayLike<number> | undefined, at: number): number =>
  weights === undefined ? 1 : weights[at]!;

/** Merges neighbours until so many groups of about equal weight are left. */
export function compress(digest: Digest, groups: number): void {
  settle(digest);
  const [values, weights] = digest;
  if (values.length <= groups) return;
  const share = weightOf(digest) / groups;
  const merged: number[] = [];
  const mergedWeights: number[] = [];
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]! * weights[i]!;
    weight += weights[i]!;
    if (weight < share && i < values.length - 1) continue;
    merged.push(sum / weight);
    mergedWeights.push(weight);
    sum = weight = 0;
  }
  digest[0] = merged;
  digest[1] = mergedWeights;
}

export function weightOf(digest: Digest): number {
  settle(digest);
  let sum = 0;
  for (const weight of digest[1]) sum += weight;
  return sum;
}

/** The quantiles at sorted shares, interpolated between the two nearest values as NumPy does; empty for no values. */
export function quantiles(digest: Digest, shares: readonly number[]): number[] {
  const total = weightOf(digest);
  const [values, weights] = digest;
  if (total === 0) return [];
  const found: number[] = [];
  let at = 0;
  let passed = weights[0]!;
  // The value whose run of equal ones holds the rank.
  const valueAt = (rank: number): number => {
    let i = at;
    let until = passed;
    while (until <= rank && i < values.length - 1) until += weights[++i]!;
    return values[i]!;
  };
  for (const share of shares) {
    const rank = share * (total - 1);
    const low = Math.floor(rank);
    while (passed <= low && at < values.length - 1) passed += weights[++at]!;
    const from = values[at]!;
    const to = valueAt(Math.min(low + 1, total - 1));
    found.push(lerp(from, to, rank - low));
  }
  return found;
}

/** Between two values, by NumPy's rule, which is exact at both ends. */
const lerp = (from: number, to: number, share: number): number =>
  share >= 0.5 ? to - (to - from) * (1 - share) : from + (to - from) * share;

/** The place of a value among bins: how many edges are not above it. */
export function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many values fall into each bin. */
export function countsBetween(digest: Digest, edges: readonly number[]): number[] {
  settle(digest);
  const counts = new Array<number>(edges.length + 1).fill(0);
  let bin = 0;
  const [values, weights] = digest;
  for (let i = 0; i < values.length; i++) {
    while (bin < edges.length && edges[bin]! <= values[i]!) bin++;
    counts[bin]! += weights[i]!;
  }
  return counts;
}

/** The edges of so many bins with equal shares of the values, at NumPy's shares to the last bit; fewer where values repeat. */
export const edgesOf = (digest: Digest, bins: number): number[] => [
  ...new Set(
    quantiles(
      digest,
      Array.from({ length: bins - 1 }, (_, i) => (i + 1) * (1 / bins)),
    ),
  ),
];
