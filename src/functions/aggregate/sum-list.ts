import { addLong, subtractLong } from '../../types/numbers.ts';
import type { Long, Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

export const sumList = aggregate({
  name: 'SUM_LIST',
  doc: 'The sum of the elements of arrays; null arrays and elements are skipped.',
  category: 'AGGREGATE',
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
    aggregateOverload(`items ARRAY<${type}>`, type, () => {
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
