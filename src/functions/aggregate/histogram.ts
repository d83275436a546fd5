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

export const histogram = aggregate({
  name: 'HISTOGRAM',
  doc: 'How often each value occurs, for the first 1000 different values; nulls are skipped.',
  category: 'AGGREGATE',
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
