import { addLong, subtractLong } from '../../types/numbers.ts';
import { BIGINT, DOUBLE, INTEGER, struct, type Long, type SqlType } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateOverload } from '../define.ts';

type State = [sum: Long, count: number];

/** The sum is kept in the argument's own width, as ksqlDB keeps it. */
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
    () => ({
      init: (): State => [0, 0],
      add: (s: State, value) => (value === null ? s : ([add(s[0], value as Long), s[1] + 1] as State)),
      undo: (s: State, value) => (value === null ? s : ([subtract(s[0], value as Long), s[1] - 1] as State)),
      merge: (left: State, right: State): State => [add(left[0], right[0]), left[1] + right[1]],
      orderFree: true,
      result: (s: State) => (s[1] === 0 ? 0 : Number(s[0]) / s[1]),
    }),
    () => state,
  );
}

export const avg = aggregate({
  name: 'AVG',
  doc: 'The average; nulls are skipped, and the average of nothing is 0.',
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
});
