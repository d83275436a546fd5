import { canonical, EvaluationError } from '../../types/numbers.ts';
import type { Long, Value } from '../../types/sql-type.ts';
import type { CallContext } from '../define.ts';

/** The count and the exact sum of whole numbers of any size; the sum is a number while it is safe, otherwise a bigint. */
export type WholeSum = [count: number, total: Long];

export const wholeSum = (): WholeSum => {
  // A fraction makes V8 allocate an array of doubles, which later adds do not have to convert.
  const state: WholeSum = [0.5, 0];
  state[0] = 0;
  return state;
};

function plus(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return canonical(BigInt(a) + BigInt(b));
}

/** Adds to the state in place; nulls are skipped. */
export function addWhole(state: WholeSum, value: Value): WholeSum {
  if (value === null) return state;
  state[0]++;
  state[1] = plus(state[1], value as Long);
  return state;
}
export function takeWhole(state: WholeSum, value: Value): WholeSum {
  if (value === null) return state;
  state[0]--;
  state[1] = plus(state[1], -(value as number));
  return state;
}
export const joinWhole = (left: WholeSum, right: WholeSum): WholeSum => [left[0] + right[0], plus(left[1], right[1])];

/** The sum as BIGINT: null without values; null and reported while it is out of range. */
export function longTotal([count, total]: WholeSum, report: CallContext['report']): Long | null {
  if (count === 0) return null;
  if (typeof total === 'number' || BigInt.asIntN(64, total) === total) return total;
  report?.(new EvaluationError(`the sum ${total} is beyond BIGINT`));
  return null;
}
