import type { Value } from '../../types/sql-type.ts';
import type { Aggregator } from '../define.ts';
import { exactSum, include, type ExactSum } from './exact-sum.ts';

/**
 * ksqlDB's function over a table, whose rows are taken back: by an exact aggregator, since what plain addition took in it does not give
 * back. `adopt` makes a state of one that was stored before, of plain sums; `finish` gives ksqlDB's result.
 */
export function overTable<S>(
  { init, add, undo, merge, orderFree, result }: Aggregator,
  adopt: (stored: unknown) => S,
  finish: (value: Value, state: S) => Value,
): Aggregator {
  return {
    init,
    add: (state, value, rest) => add(adopt(state) as never, value, rest),
    undo: undo && ((state, value, rest) => undo(adopt(state) as never, value, rest)),
    merge: merge && ((left, right) => merge(adopt(left) as never, adopt(right) as never)),
    orderFree,
    result: (state, now) => {
      const own = adopt(state);
      return finish(result(own as never, now), own);
    },
  };
}

/** An exact sum that begins with what a plain one had, of so many values. */
export function adoptedSum(plain: number, count: number): ExactSum {
  const sum = exactSum();
  include(sum, plain);
  sum[0] = count;
  return sum;
}
