import { identity } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

type Entry = [value: Value, count: number];

export const attr = aggregate({
  name: 'ATTR',
  doc: 'The value when all values are equal, else null.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value T', 'T', () => {
      const change = (state: readonly Entry[], value: Value, by: number): readonly Entry[] => {
        const at = state.findIndex(([item]) => identity(item) === identity(value));
        if (at < 0) return by > 0 ? [...state, [value, by]] : state;
        const count = state[at]![1] + by;
        return count > 0 ? state.with(at, [value, count]) : state.toSpliced(at, 1);
      };
      return {
        init: (): Entry[] => [],
        add: (state: readonly Entry[], value) => change(state, value, 1),
        undo: (state: readonly Entry[], value) => change(state, value, -1),
        merge: (left: readonly Entry[], right: readonly Entry[]) =>
          right.reduce((state, [value, count]) => change(state, value, count), left),
        orderFree: true,
        result: (state: readonly Entry[]) => (state.length === 1 ? state[0]![0] : null),
      };
    }),
  ],
});
