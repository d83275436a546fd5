import { addLong, subtractLong } from '../../types/numbers.ts';
import type { Long, Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateOverload } from '../define.ts';
import { exactSum, exclude, include, joinSums, roundedSum, type ExactSum } from './exact-sum.ts';
import { tableSum } from './sum.ts';
import { addWhole, joinWhole, longTotal, takeWhole, wholeSum, type WholeSum } from './whole-sum.ts';

const eachOf = (items: Value, use: (item: Value) => void): void => {
  for (const item of (items as readonly Value[] | null) ?? []) if (item !== null) use(item);
};
const exactDouble = aggregateOverload('items ARRAY<DOUBLE>', 'DOUBLE', () => ({
  init: exactSum,
  add: (state: ExactSum, items) => {
    eachOf(items, (item) => include(state, item as number));
    return state;
  },
  undo: (state: ExactSum, items) => {
    eachOf(items, (item) => exclude(state, item as number));
    return state;
  },
  merge: joinSums,
  orderFree: true,
  result: (state: ExactSum) => (state[0] === 0 ? null : roundedSum(state)),
}));
const exactWhole = (type: string): AggregateOverload =>
  aggregateOverload(`items ARRAY<${type}>`, 'BIGINT', ({ report }) => ({
    init: wholeSum,
    add: (state: WholeSum, items) => {
      eachOf(items, (item) => void addWhole(state, item));
      return state;
    },
    undo: (state: WholeSum, items) => {
      eachOf(items, (item) => void takeWhole(state, item));
      return state;
    },
    merge: joinWhole,
    orderFree: true,
    result: (state: WholeSum) => longTotal(state, report),
  }));

export const sumList = aggregate({
  name: 'SUM_LIST',
  doc: 'The sum of the elements of arrays; null arrays and elements are skipped. Of no element it is 0 in GROUP BY, null in the standard set, where INTEGER sums are BIGINT.',
  category: 'AGGREGATE',
  standard: [exactWhole('INTEGER'), exactWhole('BIGINT'), exactDouble],
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
    aggregateOverload(`items ARRAY<${type}>`, type, (context) => {
      if (type === 'DOUBLE' && context.ofTable) return tableSum(exactDouble.create(context));
      const plus =
        type === 'BIGINT'
          ? addLong
          : type === 'INTEGER'
            ? (a: Long, b: Long) => (Number(a) + Number(b)) | 0
            : (a: Long, b: Long) => Number(a) + Number(b);
      const minus = type === 'BIGINT' ? subtractLong : (a: Long, b: Long) => plus(a, -Number(b));
      const change = (state: Long, items: Value, by: (a: Long, b: Long) => Long): Long =>
        ((items as readonly Value[] | null) ?? []).reduce<Long>(
          (sum, item) => (item === null ? sum : by(sum, item as Long)),
          state,
        );
      return {
        init: () => 0,
        add: (state: Long, value) => change(state, value, plus),
        undo: (state: Long, value) => change(state, value, minus),
        merge: plus,
        orderFree: true,
        result: (state: Long) => state,
      };
    }),
  ),
});
