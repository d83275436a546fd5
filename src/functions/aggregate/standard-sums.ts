import type { Aggregator } from '../define.ts';
import { exactSum, exclude, include, joinSums, type ExactSum } from './exact-sum.ts';
import { addWhole, joinWhole, takeWhole, wholeSum, type WholeSum } from './whole-sum.ts';

/** Aggregates from the exact sum and count of whole numbers; the sum may leave its type and return. Nulls are skipped. */
export const ofWhole = (result: (state: WholeSum) => ReturnType<Aggregator['result']>): Aggregator => ({
  init: wholeSum,
  add: addWhole,
  undo: takeWhole,
  merge: joinWhole,
  orderFree: true,
  result,
});

/** Aggregates from the exact sum of doubles; null without values. Nulls are skipped. */
export const ofDoubles = (result: (state: ExactSum) => number): Aggregator => ({
  init: exactSum,
  add: (state: ExactSum, value) => {
    if (value !== null) include(state, value as number);
    return state;
  },
  undo: (state: ExactSum, value) => {
    if (value !== null) exclude(state, value as number);
    return state;
  },
  merge: joinSums,
  orderFree: true,
  result: (state: ExactSum) => (state[0] === 0 ? null : result(state)),
});
