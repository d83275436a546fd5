import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator } from '../define.ts';
import { productError } from './exact-sum.ts';

/**
 * The effect of a sequence of values on the average before it: average · `factor` + `add`. Without an average before, the first
 * value takes its place. Both numbers are sums of two doubles, so that the result does not depend on how sequences were merged.
 */
type State = [count: number, first: number, factor: number, factorLow: number, add: number, addLow: number];

/** The result of the last operation: a sum of two doubles. */
const result = new Float64Array(2);

function multiply(x: number, xLow: number, y: number, yLow: number): void {
  const product = x * y;
  const rest = productError(x, y, product) + (x * yLow + xLow * y);
  normalize(product, rest);
}
function plus(x: number, xLow: number, y: number, yLow: number): void {
  const sum = x + y;
  const share = sum - x;
  normalize(sum, x - (sum - share) + (y - share) + (xLow + yLow));
}
function normalize(high: number, low: number): void {
  const sum = high + low;
  // Infinite sums have no rounding error to keep.
  const isWhole = !Number.isFinite(sum);
  result[0] = isWhole ? high : sum;
  result[1] = isWhole ? 0 : low - (sum - high);
}

/** Appends the sequence `next`. */
function follow(state: State, next: Readonly<State>): void {
  const [, , factor, factorLow, add, addLow] = next;
  multiply(state[4], state[5], factor, factorLow);
  plus(result[0]!, result[1]!, add, addLow);
  state[4] = result[0]!;
  state[5] = result[1]!;
  multiply(state[2], state[3], factor, factorLow);
  state[2] = result[0]!;
  state[3] = result[1]!;
  state[0] += next[0];
}

function average(alpha: number): Aggregator {
  const rest = 1 - alpha;
  const restLow = 1 - rest - alpha;
  const stateOf = (value: number): State => {
    multiply(value, 0, alpha, 0);
    return [1, value, rest, restLow, result[0]!, result[1]!];
  };
  return {
    init: (): State => [0, 0, 1, 0, 0, 0],
    add: (state: State, value: Value) => {
      if (value === null) return state;
      const next = stateOf(Number(value));
      if (state[0] === 0) return next;
      follow(state, next);
      return state;
    },
    merge: (left: State, right: State): State => {
      if (left[0] === 0 || right[0] === 0) return (left[0] === 0 ? right : left).slice() as State;
      const joined = left.slice() as State;
      follow(joined, right);
      return joined;
    },
    orderFree: false,
    result: ([count, first, factor, factorLow, add, addLow]: State) => {
      if (count === 0) return null;
      if (count === 1) return first;
      multiply(first, 0, factor, factorLow);
      plus(result[0]!, result[1]!, add, addLow);
      return result[0]!;
    },
  };
}

export const ewma = aggregate({
  name: 'EWMA',
  doc: 'The exponentially weighted moving average: the first value, then alpha * value + (1 - alpha) * average, as pandas has it with ewm(alpha=…, adjust=False, ignore_na=True). alpha is more than 0 and at most 1. Nulls are skipped, null of no value.',
  category: 'AGGREGATE',
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
    aggregateOverload(
      `value ${type}, alpha const DOUBLE`,
      'DOUBLE',
      ({ constants }) => average(constants[1] as number),
      { wants: { alpha: { text: 'more than 0 and at most 1', holds: (alpha) => alpha > 0 && alpha <= 1 } } },
    ),
  ),
  standard: 'same',
});
