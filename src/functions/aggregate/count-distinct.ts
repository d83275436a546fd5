import { identity } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

/** Occurrences by value: exact, and values can be removed and states merged. */
type State = Map<Value, number>;

export const countDistinct = aggregate({
  name: 'COUNT_DISTINCT',
  doc: 'The exact number of different values; nulls are skipped.',
  category: 'AGGREGATE',
  standard: 'same',
  overloads: [
    aggregateOverload('value ANY', 'BIGINT', () => ({
      init: (): State => new Map(),
      add: (state: State, value) => {
        if (value === null) return state;
        const key = identity(value);
        return state.set(key, (state.get(key) ?? 0) + 1);
      },
      undo: (state: State, value) => {
        if (value === null) return state;
        const key = identity(value);
        const left = (state.get(key) ?? 0) - 1;
        if (left > 0) state.set(key, left);
        else state.delete(key);
        return state;
      },
      merge: (left: State, right: State) =>
        [...right].reduce((state, [key, count]) => state.set(key, (state.get(key) ?? 0) + count), new Map(left)),
      orderFree: true,
      result: (state: State) => state.size,
    })),
  ],
});
