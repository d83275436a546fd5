import { BIGINT, BOOLEAN, DOUBLE, struct, type Value } from '../../types/sql-type.ts';
import { aggregate, type Aggregator } from '../define.ts';
import { finiteOf } from './finite.ts';
import { optionalOptions, optionsOf, whole } from './options.ts';

/** Sums and sums of squared distances of buckets of 2^level values each, the oldest first. */
type Level = [totals: number[], variances: number[]];
/** `status`: -1 where the last row had no value, 1 where it told of a change, else 0. */
type State = [status: number, rows: number, width: number, total: number, variance: number, levels: Level[]];

const { fault, given } = optionsOf(
  {
    delta: { text: 'a number between 0 and 1', holds: (value) => value > 0 && value < 1 },
    clock: whole(1, 1_000_000),
    maxBuckets: whole(1, 1000),
    minWindowLength: whole(1, 1_000_000),
    gracePeriod: whole(0, 1_000_000),
  },
  `JSON_OBJECT('delta' VALUE 0.01)`,
);

/** The distance of two means that counts as squared distances where windows of these lengths are joined. */
const between = (n: number, mean: number, m: number, other: number): number =>
  (n * m * (mean - other) * (mean - other)) / (n + m);

interface Parameters {
  readonly delta: number;
  readonly clock: number;
  readonly maxBuckets: number;
  readonly minWindowLength: number;
  readonly gracePeriod: number;
}

function insert(state: State, value: number): void {
  const width = ++state[2];
  if (width > 1) {
    const distance = value - state[3] / (width - 1);
    state[4] += ((width - 1) * distance * distance) / width;
  }
  state[3] += value;
  const levels = state[5];
  if (levels.length === 0) levels.push([[], []]);
  levels[0]![0].push(value);
  levels[0]![1].push(0);
}

/** Joins the two oldest buckets of each level that has one too many. */
function compress(levels: Level[], most: number): void {
  for (let at = 0; at < levels.length; at++) {
    const [totals, variances] = levels[at]!;
    if (totals.length <= most) return;
    const size = 2 ** at;
    const [first, second] = totals.splice(0, 2) as [number, number];
    const [left, right] = variances.splice(0, 2) as [number, number];
    if (at + 1 === levels.length) levels.push([[], []]);
    const next = levels[at + 1]!;
    next[0].push(first + second);
    next[1].push(left + right + between(size, first / size, size, second / size));
  }
}

/** Drops the oldest bucket. */
function dropOldest(state: State): void {
  const levels = state[5];
  const at = levels.length - 1;
  const [totals, variances] = levels[at]!;
  const size = 2 ** at;
  const total = totals.shift()!;
  const variance = variances.shift()!;
  state[2] -= size;
  state[3] -= total;
  state[4] -= variance + between(size, total / size, state[2], state[3] / state[2]);
  while (levels.at(-1)?.[0].length === 0) levels.pop();
}

/** Whether the means of two parts of the window differ, wherever it is cut. */
function hasCut([, , width, total, variance, levels]: State, { delta, minWindowLength }: Parameters): boolean {
  const certainty = Math.log((2 * Math.log(width)) / delta);
  const spread = 2 * (variance / width) * certainty;
  let n0 = 0;
  let sum0 = 0;
  for (let at = levels.length - 1; at >= 0; at--) {
    for (const sum of levels[at]![0]) {
      n0 += 2 ** at;
      sum0 += sum;
      const n1 = width - n0;
      if (n1 === 0) return false;
      if (n0 < minWindowLength || n1 < minWindowLength) continue;
      const share = 1 / (n0 - minWindowLength + 1) + 1 / (n1 - minWindowLength + 1);
      const limit = Math.sqrt(spread * share) + (2 / 3) * certainty * share;
      if (Math.abs(sum0 / n0 - (total - sum0) / n1) > limit) return true;
    }
  }
  return false;
}

function detector(text: string): Aggregator {
  const { number } = given(text);
  const parameters: Parameters = {
    delta: number('delta', 0.002),
    clock: number('clock', 32),
    maxBuckets: number('maxBuckets', 5),
    minWindowLength: number('minWindowLength', 5),
    gracePeriod: number('gracePeriod', 10),
  };
  return {
    init: (): State => [-1, 0, 0, 0, 0, []],
    add: (state: State, value: Value) => {
      state[0] = -1;
      const found = finiteOf(value);
      if (found === null) return state;
      state[0] = 0;
      insert(state, found);
      compress(state[5], parameters.maxBuckets);
      if (++state[1] % parameters.clock !== 0 || state[2] <= parameters.gracePeriod) return state;
      while (hasCut(state, parameters)) {
        state[0] = 1;
        dropOldest(state);
      }
      return state;
    },
    merge: undefined,
    orderFree: false,
    judgesLast: true,
    result: ([status, , width, total]: State) => [
      status < 0 ? null : status === 1,
      width === 0 ? null : total / width,
      width,
    ],
  };
}

const drift = struct([
  { name: 'DRIFT', type: BOOLEAN },
  { name: 'MEAN', type: DOUBLE },
  { name: 'WIDTH', type: BIGINT },
]);

export const adwin = aggregate({
  name: 'ADWIN',
  doc: 'Whether the mean of the values has changed by this row, by the adaptive window of Bifet and Gavaldà: drift (null for a row without a value), mean and number of values of the window, which loses its oldest values at a change. Options as JSON: delta (0.002), clock (32: rows between looks), maxBuckets (5), minWindowLength (5), gracePeriod (10).',
  category: 'AGGREGATE',
  needsRows: true,
  standard: 'same',
  overloads: optionalOptions('value DOUBLE', drift, detector, fault),
});
