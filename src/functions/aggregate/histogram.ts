import { aggregate, aggregateOverload } from '../define.ts';

type State = Map<string, number>;
const limit = 1000;

function change(state: State, key: string, by: number): State {
  const count = (state.get(key) ?? 0) + by;
  if (!state.has(key) && state.size >= limit) return state;
  const next = new Map(state);
  if (count <= 0) next.delete(key);
  else next.set(key, count);
  return next;
}

/** Counts all values, because `undo` needs those that the result leaves out. */
function count(state: State, key: string, by: number): State {
  const left = (state.get(key) ?? 0) + by;
  if (left > 0) state.set(key, left);
  else state.delete(key);
  return state;
}
const exact = aggregateOverload('value STRING', 'MAP<STRING, BIGINT>', () => ({
  init: (): State => new Map(),
  add: (state: State, value) => (value === null ? state : count(state, value as string, 1)),
  undo: (state: State, value) => (value === null ? state : count(state, value as string, -1)),
  merge: (left: State, right: State) => {
    const joined = new Map(left);
    for (const [key, times] of right) count(joined, key, times);
    return joined;
  },
  orderFree: true,
  result: (state: State) =>
    state.size === 0 ? null : new Map([...state].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
}));

export const histogram = aggregate({
  name: 'HISTOGRAM',
  doc: 'How often each value occurs; nulls are skipped. In GROUP BY of the first 1000 different values; in the standard set of all, by value, and null of no value.',
  category: 'AGGREGATE',
  standard: [exact],
  overloads: [
    aggregateOverload('value STRING', 'MAP<STRING, BIGINT>', () => ({
      init: (): State => new Map(),
      add: (state: State, value) => (value === null ? state : change(state, value as string, 1)),
      undo: (state: State, value) => (value === null ? state : change(state, value as string, -1)),
      merge: (left: State, right: State) => [...right].reduce((state, [key, count]) => change(state, key, count), left),
      orderFree: true,
      result: (state: State) => state,
    })),
  ],
});
