import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

/**
 * DDSketch: counts of values in buckets whose bounds grow by a constant factor, so that a bucket's value is within 1 % of every
 * value in it. Buckets are ordered by value; values can be removed exactly.
 */
type State = [buckets: number[], counts: number[]];

const accuracy = 0.01;
const factor = (1 + accuracy) / (1 - accuracy);
const logarithm = Math.log(factor);
/** The bucket of the value 1. Positive values below 1 have buckets from 1 on, negative values have negative ones. */
const middle = 40_000;
const infinite = 100_000;
const notNumber = 100_001;

function bucketOf(value: number): number {
  if (value === 0) return 0;
  if (Number.isNaN(value)) return notNumber;
  const size = Math.abs(value);
  const bucket = size === Infinity ? infinite : Math.ceil(Math.log(size) / logarithm) + middle;
  return value < 0 ? -bucket : bucket;
}
function valueOf(bucket: number): number {
  if (bucket === 0) return 0;
  if (bucket === notNumber) return NaN;
  if (Math.abs(bucket) === infinite) return bucket > 0 ? Infinity : -Infinity;
  // In two steps, because the greatest bucket's bound exceeds the doubles. Not Math.pow, whose last digits depend on the
  // version of Node.
  const half = Math.exp(((Math.abs(bucket) - middle) / 2) * logarithm);
  const size = half * (2 / (factor + 1)) * half;
  return bucket > 0 ? size : -size;
}

/** The index of a bucket; if it is missing, -1 - the index to insert it at. */
function placeOf(buckets: readonly number[], bucket: number): number {
  let [low, high] = [0, buckets.length];
  while (low < high) {
    const at = (low + high) >> 1;
    if (buckets[at]! < bucket) low = at + 1;
    else high = at;
  }
  return buckets[low] === bucket ? low : -1 - low;
}

function change(state: State, value: Value, by: 1 | -1): State {
  if (value === null) return state;
  const [buckets, counts] = state;
  const bucket = bucketOf(Number(value));
  const at = placeOf(buckets, bucket);
  if (at < 0) {
    buckets.splice(-1 - at, 0, bucket);
    counts.splice(-1 - at, 0, by);
  } else if ((counts[at]! += by) === 0) {
    buckets.splice(at, 1);
    counts.splice(at, 1);
  }
  return state;
}
function merge([buckets, counts]: State, [others, theirs]: State): State {
  const joined: State = [[], []];
  let [i, j] = [0, 0];
  while (i < buckets.length || j < others.length) {
    const bucket = Math.min(buckets[i] ?? Infinity, others[j] ?? Infinity);
    let count = 0;
    if (buckets[i] === bucket) count += counts[i++]!;
    if (others[j] === bucket) count += theirs[j++]!;
    joined[0].push(bucket);
    joined[1].push(count);
  }
  return joined;
}
/** The value at the rank `share` of the way from the least to the greatest, rounded down. */
function percentile([buckets, counts]: State, share: number): number | null {
  let total = 0;
  for (const count of counts) total += count;
  const rank = Math.floor(share * (total - 1));
  let seen = 0;
  for (let i = 0; i < buckets.length; i++) {
    seen += counts[i]!;
    if (seen > rank) return valueOf(buckets[i]!);
  }
  return null;
}

export const approxPercentile = aggregate({
  name: 'APPROX_PERCENTILE',
  doc: 'About the value below which the share q, from 0 to 1, of the values lies, by DDSketch: within 1 % of the value at place floor(q * (count - 1)) of all in order, NaN being the greatest. Nulls are skipped, null of no value.',
  category: 'AGGREGATE',
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
    aggregateOverload(
      `value ${type}, q const DOUBLE`,
      'DOUBLE',
      ({ constants }) => ({
        init: (): State => [[], []],
        add: (state: State, value) => change(state, value, 1),
        undo: (state: State, value) => change(state, value, -1),
        merge,
        orderFree: true,
        result: (state: State) => percentile(state, constants[1] as number),
      }),
      { wants: { q: { text: 'from 0 to 1', holds: (q) => q >= 0 && q <= 1 } } },
    ),
  ),
  standard: 'same',
});
