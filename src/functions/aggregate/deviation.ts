import type { Long } from '../../types/sql-type.ts';
import {
  aggregate,
  aggregateOverload,
  type AggregateFunction,
  type AggregateOverload,
  type Aggregator,
} from '../define.ts';
import { exactSum, hasNonFinite, joinSums, type ExactSum } from './exact-sum.ts';
import { deviation, excludeLong, excludeProductOf, includeLong, includeProductOf, variance } from './moments.ts';
import { adoptedSum, overTable } from './over-tables.ts';

const types = ['INTEGER', 'BIGINT', 'DOUBLE'];

/** Youngs and Cramer's running moments, as in ksqlDB: count, sum, and the sum of squared distances from the mean. */
type Running = [count: number, sum: number, m2: number];

/** `ofExact` gives the same of exact sums, for tables. */
const running = (finish: (variance: number) => number, ofExact: typeof variance): AggregateOverload[] =>
  types.map((type, i) =>
    aggregateOverload(`value ${type}`, 'DOUBLE', (context) =>
      context.ofTable
        ? tableMoments(exact(1, ofExact)[i]!.create(context))
        : {
            init: (): Running => [0, 0, 0],
            add: ([count, sum, m2]: Running, value): Running => {
              if (value === null) return [count, sum, m2];
              const x = Number(value);
              const n = count + 1;
              const distance = n * x - (sum + x);
              return [n, sum + x, count === 0 ? 0 : m2 + (distance * distance) / (n * count)];
            },
            undo: ([count, sum, m2]: Running, value): Running => {
              if (value === null) return [count, sum, m2];
              if (count <= 1) return [0, 0, 0];
              const x = Number(value);
              const distance = count * x - sum;
              return [count - 1, sum - x, m2 - (distance * distance) / (count * (count - 1))];
            },
            merge: ([n, a, p]: Running, [m, b, q]: Running): Running => {
              if (n === 0 || m === 0) return [n + m, a + b, p + q];
              const delta = b / m - a / n;
              return [n + m, a + b, p + q + (delta * delta * n * m) / (n + m)];
            },
            orderFree: true,
            result: ([count, , m2]: Running) => (count < 2 ? 0 : finish(m2 / (count - 1))),
          },
    ),
  );

/** The exact sums of the values and of their squares. */
type Exact = [values: ExactSum, squares: ExactSum];

/** `less` is subtracted from the count that divides the variance: 1 for a sample. */
const exact = (less: 0 | 1, finish: typeof variance): AggregateOverload[] =>
  types.map((type) =>
    aggregateOverload(`value ${type}`, 'DOUBLE', () => ({
      init: (): Exact => [exactSum(), exactSum()],
      add: (state: Exact, value) => {
        if (value === null) return state;
        includeLong(state[0], value as Long);
        includeProductOf(state[1], value as Long, value as Long);
        return state;
      },
      undo: (state: Exact, value) => {
        if (value === null) return state;
        excludeLong(state[0], value as Long);
        excludeProductOf(state[1], value as Long, value as Long);
        return state;
      },
      merge: (left: Exact, right: Exact): Exact => [joinSums(left[0], right[0]), joinSums(left[1], right[1])],
      orderFree: true,
      result: ([values, squares]: Exact) => {
        const count = values[0]!;
        if (count <= less) return null;
        if (hasNonFinite(values)) return NaN;
        return count === 1 ? 0 : finish(count, values, squares, less);
      },
    })),
  );

/** ksqlDB's over a table: of fewer than two values it is 0. */
const tableMoments = (inner: Aggregator): Aggregator =>
  overTable(
    inner,
    (stored): Exact => {
      if (typeof (stored as Running)[0] !== 'number') return stored as Exact;
      const [count, sum, m2] = stored as Running;
      return [adoptedSum(sum, count), adoptedSum(count === 0 ? 0 : m2 + (sum * sum) / count, count)];
    },
    (value) => value ?? 0,
  );

const itself = (value: number): number => value;

const make = (
  name: string,
  doc: string,
  overloads: { readonly ksqldb: readonly AggregateOverload[]; readonly standard: readonly AggregateOverload[] },
): AggregateFunction =>
  aggregate({ name, doc, category: 'AGGREGATE', overloads: overloads.ksqldb, standard: overloads.standard });
const both = (name: string, doc: string, less: 0 | 1, finish: typeof variance): AggregateFunction => {
  const overloads = exact(less, finish);
  return make(name, doc, { ksqldb: overloads, standard: overloads });
};

const sampleDeviation = 'The standard deviation of a sample; null of fewer than two values.';
const sampleVariance = 'The variance of a sample; null of fewer than two values.';

/**
 * Variances and standard deviations. From exact sums, because otherwise digits cancel when the mean is much greater than the
 * deviation.
 */
export const deviations: readonly AggregateFunction[] = [
  make(
    'STDDEV_SAMP',
    'The sample variance in GROUP BY, since ksqlDB keeps it under the name of the deviation, 0 of fewer than two values; the sample standard deviation in the standard set, null of fewer than two.',
    { ksqldb: running(itself, variance), standard: exact(1, deviation) },
  ),
  make(
    'STDDEV_SAMPLE',
    'The sample standard deviation; of fewer than two values 0 in GROUP BY, null in the standard set.',
    { ksqldb: running(Math.sqrt, deviation), standard: exact(1, deviation) },
  ),
  both('STDDEV', sampleDeviation, 1, deviation),
  both('STDDEV_POP', 'The standard deviation of all there are; null of no value.', 0, deviation),
  both('VARIANCE', sampleVariance, 1, variance),
  both('VAR_SAMP', sampleVariance, 1, variance),
  both('VAR_POP', 'The variance of all there are; null of no value.', 0, variance),
];
