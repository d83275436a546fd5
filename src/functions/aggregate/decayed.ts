import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator, type AggregateOverload } from '../define.ts';
import { exactSum, include, joinSums, roundedSum, scaleSum, type ExactSum } from './exact-sum.ts';

/**
 * Sums with a half-life: of values, and of ones. Time is cut into eras of one half-life, counted from 1970; sums are in units
 * of the weight at the end of the era. A value's weight within its era is computed once, from its own time, and moving to
 * another era multiplies by a power of two, so that the sums do not depend on the order of the values. What is a thousand
 * half-lives older than the newest value is lost, so there is no undo.
 */
type State = [era: number, values: ExactSum, ones: ExactSum];

const emptyState = (): State => [0, exactSum(), exactSum()];

/** Moves the sums to a later era, in place. */
function moveTo(state: State, era: number): void {
  const eras = state[0] - era;
  state[0] = era;
  if (eras === 0) return;
  scaleSum(state[1], eras);
  scaleSum(state[2], eras);
}

/** The weight, from ½ to 1, that a value of weight 1 has at the end of its era, by its time within the era. */
const leftOf = (time: number, era: number, halfLife: number): number =>
  Math.exp(((time - era * halfLife) / halfLife) * Math.LN2) / 2;

function addTo(state: State, value: number, time: number, halfLife: number): State {
  const era = Math.floor(time / halfLife);
  if (state[1][0] === 0) state[0] = era;
  if (era > state[0]) moveTo(state, era);
  const left = leftOf(time, era, halfLife);
  const scale = 2 ** (era - state[0]);
  include(state[1], value * left * scale);
  include(state[2], left * scale);
  return state;
}
function merge(left: State, right: State): State {
  if (left[1][0] === 0 || right[1][0] === 0) {
    const [era, values, ones] = left[1][0] === 0 ? right : left;
    return [era, joinSums(values, exactSum()), joinSums(ones, exactSum())];
  }
  const [older, newer] = left[0] < right[0] ? [left, right] : [right, left];
  const moved: State = [older[0], joinSums(older[1], exactSum()), joinSums(older[2], exactSum())];
  moveTo(moved, newer[0]);
  return [newer[0], joinSums(moved[1], newer[1]), joinSums(moved[2], newer[2])];
}
/** A sum at the time `now`. */
function decayed([era]: State, sum: ExactSum, now: number, halfLife: number): number {
  const current = Math.floor(now / halfLife);
  return (roundedSum(sum) / leftOf(now, current, halfLife)) * 2 ** (era - current) + 0;
}

const decaying = (
  halfLife: number,
  valueOf: (value: Value) => number | null,
  result: (state: State, now: number) => number | null,
): Aggregator => ({
  init: emptyState,
  add: (state: State, argument, rest) => {
    const value = valueOf(argument);
    return value === null ? state : addTo(state, value, rest[rest.length - 1] as number, halfLife);
  },
  merge,
  orderFree: true,
  needsTime: true,
  result,
});

const types = ['INTEGER', 'BIGINT', 'DOUBLE'];
const numberOf = (value: Value): number | null => (value === null ? null : Number(value));
const wants = {
  half_life: { text: '1 millisecond or more', holds: (ms: number) => ms >= 1 },
};

/** The overloads for a value and a half-life. */
const ofValues = (result: (state: State, now: number, halfLife: number) => number | null): AggregateOverload[] =>
  types.map((type) =>
    aggregateOverload(
      `value ${type}, half_life const BIGINT`,
      'DOUBLE',
      ({ constants }) => {
        const halfLife = Number(constants[1]);
        return decaying(halfLife, numberOf, (state, now) => result(state, now, halfLife));
      },
      { wants },
    ),
  );

export const decayedSum = aggregate({
  name: 'DECAYED_SUM',
  doc: 'The sum of values that halve with each half-life (milliseconds, or an INTERVAL) since their event time: of value * 2 ^ (-age / half-life), as of the current row with OVER, of the newest event in GROUP BY. Nulls are skipped, null of no value.',
  category: 'AGGREGATE',
  overloads: ofValues((state, now, halfLife) => (state[1][0] === 0 ? null : decayed(state, state[1], now, halfLife))),
  standard: 'same',
});

export const decayedCount = aggregate({
  name: 'DECAYED_COUNT',
  doc: 'The number of rows, each of which counts for half with each half-life (milliseconds, or an INTERVAL) since its event time: as of the current row with OVER, of the newest event in GROUP BY.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload(
      'half_life const BIGINT',
      'DOUBLE',
      ({ constants }) => {
        const halfLife = Number(constants[0]);
        return decaying(
          halfLife,
          () => 1,
          (state, now) => (state[2][0] === 0 ? 0 : decayed(state, state[2], now, halfLife)),
        );
      },
      { wants },
    ),
  ],
  standard: 'same',
});

export const ewmaHalfLife = aggregate({
  name: 'EWMA_HALFLIFE',
  doc: 'The average of values whose weights halve with each half-life (milliseconds, or an INTERVAL) of event time, as pandas has it with ewm(halflife=…, times=…). Nulls are skipped, null of no value.',
  category: 'AGGREGATE',
  overloads: ofValues(([, values, ones]) => (values[0] === 0 ? null : roundedSum(values) / roundedSum(ones))),
  standard: 'same',
});
