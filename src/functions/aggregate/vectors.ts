import { EvaluationError } from '../../types/numbers.ts';
import { aggregate, aggregateOverload, type AggregateFunction, type Aggregator, type CallContext } from '../define.ts';
import { exactSum, exclude, include, joinSums, roundedMean, roundedSum, type ExactSum } from './exact-sum.ts';

/** How many vectors there are of each length, and a sum for each place of the longest so far. */
type Places = [lengths: Map<number, number>, sums: ExactSum[]];
type Vector = readonly (number | null)[];

function change([lengths, sums]: Places, vector: Vector, count: 1 | -1): void {
  const left = (lengths.get(vector.length) ?? 0) + count;
  if (left === 0) lengths.delete(vector.length);
  else lengths.set(vector.length, left);
  while (sums.length < vector.length) sums.push(exactSum());
  const by = count > 0 ? include : exclude;
  vector.forEach((element, i) => {
    if (element !== null) by(sums[i]!, element);
  });
  if (lengths.size === 0) sums.length = 0;
}
function joined(left: Places, right: Places): Places {
  const lengths = new Map(left[0]);
  for (const [length, count] of right[0]) lengths.set(length, (lengths.get(length) ?? 0) + count);
  const places = Math.max(left[1].length, right[1].length);
  return [
    lengths,
    Array.from({ length: places }, (_, i) => joinSums(left[1][i] ?? exactSum(), right[1][i] ?? exactSum())),
  ];
}

const placewise = (result: (sum: ExactSum) => number, { report }: CallContext): Aggregator => ({
  init: (): Places => [new Map(), []],
  add: (places: Places, vector) => {
    if (vector !== null) change(places, vector as Vector, 1);
    return places;
  },
  undo: (places: Places, vector) => {
    if (vector !== null) change(places, vector as Vector, -1);
    return places;
  },
  merge: joined,
  orderFree: true,
  result: ([lengths, sums]: Places) => {
    const [length, ...others] = lengths.keys();
    if (length === undefined) return null;
    if (others.length > 0) {
      report?.(new EvaluationError(`vectors of ${[length, ...others].join(' and ')} elements do not fit each other`));
      return null;
    }
    return sums.slice(0, length).map((sum) => (sum[0] === 0 ? null : result(sum)));
  },
});
const ofVectors = (name: string, doc: string, result: (sum: ExactSum) => number): AggregateFunction =>
  aggregate({
    name,
    doc: `${doc} Null vectors and elements are skipped; of no vector, and of vectors that differ in length, it is null.`,
    category: 'AGGREGATE',
    standard: 'same',
    overloads: [aggregateOverload('vector ARRAY<DOUBLE>', 'ARRAY<DOUBLE>', (context) => placewise(result, context))],
  });

export const vectorSum = ofVectors(
  'VECTOR_SUM',
  'The exact sums of the elements of vectors, place by place.',
  roundedSum,
);
export const vectorAvg = ofVectors('VECTOR_AVG', 'The means of the elements of vectors, place by place.', roundedMean);
