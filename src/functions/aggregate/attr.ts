import { identity } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

type Entry = [value: Value, count: number];

/** Each value with its number of occurrences, by the value's identity. */
type Values = Map<unknown, Entry>;
function count(state: Values, value: Value, by: number): Values {
  const key = identity(value);
  const entry = state.get(key);
  const left = (entry?.[1] ?? 0) + by;
  if (left <= 0) state.delete(key);
  // 0 and -0 are one value.
  else state.set(key, [value === 0 ? 0 : value, left]);
  return state;
}
const exact = aggregateOverload('value T', 'T', () => ({
  init: (): Values => new Map(),
  add: (state: Values, value) => count(state, value, 1),
  undo: (state: Values, value) => count(state, value, -1),
  merge: (left: Values, right: Values) => {
    const joined = new Map(left);
    for (const [value, times] of right.values()) count(joined, value, times);
    return joined;
  },
  orderFree: true,
  result: (state: Values) => {
    if (state.size !== 1) return null;
    for (const [value] of state.values()) return value;
    return null;
  },
}));

export const attr = aggregate({
  name: 'ATTR',
  doc: 'The value when all values are equal, else null.',
  category: 'AGGREGATE',
  standard: [exact],
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
