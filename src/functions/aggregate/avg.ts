import { powerOfTen, type DecimalType } from '../../types/decimals.ts';
import { addLong, subtractLong } from '../../types/numbers.ts';
import { BIGINT, DOUBLE, INTEGER, struct, type Long, type SqlType } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateOverload, type Aggregator } from '../define.ts';
import { ratioToDouble } from './exact-ratio.ts';
import { roundedMean, type ExactSum } from './exact-sum.ts';
import { adoptedSum, overTable } from './over-tables.ts';
import { ofDoubles, ofWhole } from './standard-sums.ts';
import type { WholeSum } from './whole-sum.ts';

type State = [sum: Long, count: number];

/** Sums in the argument's type, as ksqlDB does. */
function average(
  type: SqlType,
  add: (a: Long, b: Long) => Long,
  subtract: (a: Long, b: Long) => Long,
): AggregateOverload {
  const state = struct([
    { name: 'SUM', type },
    { name: 'COUNT', type: BIGINT },
  ]);
  return aggregateOverload(
    `value ${type.kind}`,
    'DOUBLE',
    ({ ofTable }) =>
      ofTable && type.kind === 'DOUBLE'
        ? tableAverage()
        : {
            init: (): State => [0, 0],
            add: (s: State, value) => (value === null ? s : ([add(s[0], value as Long), s[1] + 1] as State)),
            undo: (s: State, value) => (value === null ? s : ([subtract(s[0], value as Long), s[1] - 1] as State)),
            merge: (left: State, right: State): State => [add(left[0], right[0]), left[1] + right[1]],
            orderFree: true,
            result: (s: State) => (s[1] === 0 ? 0 : Number(s[0]) / s[1]),
          },
    { stateType: () => state },
  );
}

/** The exact sum divided by the count, correctly rounded. */
const wholeMean =
  (scale: number) =>
  ([count, total]: WholeSum): number | null => {
    if (count === 0) return null;
    if (scale === 0 && typeof total === 'number') return total / count;
    return ratioToDouble(BigInt(total), BigInt(count) * powerOfTen(scale), 0);
  };

/** ksqlDB's average over a table: of nothing it is 0. A state of two numbers is one of before: sum and count. */
const tableAverage = (): Aggregator =>
  overTable(
    ofDoubles(roundedMean),
    (stored): ExactSum => {
      const state = stored as ExactSum;
      return state.length === 2 && typeof state[1] === 'number' ? adoptedSum(state[0]!, state[1]) : state;
    },
    (value) => value ?? 0,
  );

export const avg = aggregate({
  name: 'AVG',
  doc: 'The average; nulls are skipped. Of no value it is 0 in GROUP BY, null in the standard set, where it is the exact sum divided by the count, correctly rounded.',
  category: 'AGGREGATE',
  overloads: [
    average(
      INTEGER,
      (a, b) => (Number(a) + Number(b)) | 0,
      (a, b) => (Number(a) - Number(b)) | 0,
    ),
    average(BIGINT, addLong, subtractLong),
    average(
      DOUBLE,
      (a, b) => (a as number) + (b as number),
      (a, b) => (a as number) - (b as number),
    ),
  ],
  standard: [
    ...['INTEGER', 'BIGINT'].map((type) => aggregateOverload(`value ${type}`, 'DOUBLE', () => ofWhole(wholeMean(0)))),
    aggregateOverload('value DOUBLE', 'DOUBLE', () => ofDoubles(roundedMean)),
    aggregateOverload('value DECIMAL', 'DOUBLE', ({ args }) => ofWhole(wholeMean((args[0] as DecimalType).scale))),
  ],
});
