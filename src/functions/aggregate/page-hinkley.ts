import { BOOLEAN, DOUBLE, struct, type Value } from '../../types/sql-type.ts';
import { aggregate, type Aggregator } from '../define.ts';
import { finiteOf } from './finite.ts';
import { alphaOption, optionalOptions, optionsOf, whole } from './options.ts';

/**
 * The sums of the distances from the mean, with the least of one and the greatest of the other since the last change. `status`: -1
 * where the last row had no value, 1 where it told of a change, else 0.
 */
type State = [
  status: number,
  count: number,
  mean: number,
  increase: number,
  decrease: number,
  least: number,
  greatest: number,
];

const { fault, given } = optionsOf(
  {
    minInstances: whole(1, 1_000_000),
    delta: { text: 'a number of 0 or more', holds: (value) => value >= 0 },
    threshold: { text: 'a number more than 0', holds: (value) => value > 0 },
    alpha: alphaOption,
    mode: { words: ['UP', 'DOWN', 'BOTH'] },
  },
  `JSON_OBJECT('threshold' VALUE 50, 'delta' VALUE 0.005)`,
);

function detector(text: string): Aggregator {
  const { options, number } = given(text);
  const least = number('minInstances', 30);
  const delta = number('delta', 0.005);
  const threshold = number('threshold', 50);
  const alpha = number('alpha', 0.9999);
  const mode = options.get('mode') ?? 'BOTH';
  const rise = (state: State): number => (mode === 'DOWN' ? 0 : state[3] - state[5]);
  const fall = (state: State): number => (mode === 'UP' ? 0 : state[6] - state[4]);
  return {
    init: (): State => [-1, 0, 0, 0, 0, Infinity, -Infinity],
    add: (before: State, value: Value) => {
      const state: State = before[0] === 1 ? [-1, 0, 0, 0, 0, Infinity, -Infinity] : before;
      const found = finiteOf(value);
      if (found === null) {
        state[0] = -1;
        return state;
      }
      state[1]++;
      state[2] += (found - state[2]) / state[1];
      const distance = found - state[2];
      state[3] = alpha * state[3] + distance - delta;
      state[4] = alpha * state[4] + distance + delta;
      state[5] = Math.min(state[5], state[3]);
      state[6] = Math.max(state[6], state[4]);
      state[0] = state[1] >= least && Math.max(rise(state), fall(state)) > threshold ? 1 : 0;
      return state;
    },
    merge: undefined,
    orderFree: false,
    judgesLast: true,
    result: (state: State) => {
      const [status, count, mean] = state;
      const drift = status < 0 ? null : status === 1;
      return count === 0 ? [drift, null, null] : [drift, mean, Math.max(rise(state), fall(state))];
    },
  };
}

const drift = struct([
  { name: 'DRIFT', type: BOOLEAN },
  { name: 'MEAN', type: DOUBLE },
  { name: 'STATISTIC', type: DOUBLE },
]);

export const pageHinkley = aggregate({
  name: 'PAGE_HINKLEY',
  doc: 'Whether the mean of the values has changed by this row, by the test of Page and Hinkley: drift (null for a row without a value), mean since the last change, and the statistic that drifts beyond the threshold. It begins anew behind a change. Options as JSON: minInstances (30), delta (0.005), threshold (50), alpha (0.9999), mode UP, DOWN or BOTH (default).',
  category: 'AGGREGATE',
  needsRows: true,
  standard: 'same',
  overloads: optionalOptions('value DOUBLE', drift, detector, fault),
});
