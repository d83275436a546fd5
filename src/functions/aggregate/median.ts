import { compareDoubles } from '../../types/compare.ts';
import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator, type CallContext } from '../define.ts';

/** The least values in order, and how many more there are: those are not known, and while there are some, nor is the median. */
type State = [values: number[], more: number];
const most = 10_000;

/** The first place whose value is not less. */
function placeOf(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const at = (low + high) >> 1;
    if (compareDoubles(values[at]!, value) < 0) low = at + 1;
    else high = at;
  }
  return low;
}
function add(state: State, given: Value): State {
  if (given === null) return state;
  const [values] = state;
  const value = Number(given) + 0;
  if (values.length >= most) state[1]++;
  else values.splice(placeOf(values, value), 0, value);
  return state;
}
/** A value that is not among those that are known is one of the others. */
function undo(state: State, given: Value): State {
  if (given === null) return state;
  const [values] = state;
  const value = Number(given) + 0;
  const at = placeOf(values, value);
  if (at < values.length && compareDoubles(values[at]!, value) === 0) values.splice(at, 1);
  else state[1]--;
  return state;
}
function merge([left, more]: State, [right, others]: State): State {
  const all = [...left, ...right].sort(compareDoubles);
  return [all.slice(0, most), more + others + Math.max(0, all.length - most)];
}
function middle(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const [low, high] = [values[(values.length - 1) >> 1]!, values[values.length >> 1]!];
  return low === high ? low : low / 2 + high / 2;
}

/** The value at a share of the way from the least to the greatest, between two of them in proportion: as numpy has it. */
function valueAt(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const place = share * (values.length - 1);
  const at = Math.floor(place);
  const [low, high] = [values[at]!, values[Math.min(at + 1, values.length - 1)]!];
  const way = place - at;
  if (low === high || way === 0) return low;
  return way < 0.5 ? low + (high - low) * way : high - (high - low) * (1 - way);
}

/** Of the values in order, which are kept. */
const ofSorted = (
  name: string,
  instead: string,
  { report }: CallContext,
  result: (values: readonly number[]) => number | null,
): Aggregator => ({
  init: (): State => [[], 0],
  add,
  undo,
  merge,
  orderFree: true,
  growing: true,
  result: ([values, more]: State) => {
    if (more === 0) return result(values);
    report?.(new EvaluationError(`${name} keeps at most ${most} values: use ${instead}`));
    return null;
  },
});
const numbers = ['INTEGER', 'BIGINT', 'DOUBLE'];

export const median = aggregate({
  name: 'MEDIAN',
  doc: 'The middle of the values in order, or the mean of the two in the middle; nulls are skipped, null of no value. It is exact and keeps the values: of more than 10000 it is null, and APPROX_PERCENTILE(value, 0.5) serves.',
  category: 'AGGREGATE',
  standard: 'same',
  overloads: numbers.map((type) =>
    aggregateOverload(`value ${type}`, 'DOUBLE', (context) =>
      ofSorted('MEDIAN', 'APPROX_PERCENTILE(value, 0.5)', context, middle),
    ),
  ),
});

export const percentile = aggregate({
  name: 'PERCENTILE',
  doc: 'The value at a share of the values in order, 0 for the least and 1 for the greatest, in proportion between two; nulls are skipped, null of no value. It is exact and keeps the values: of more than 10000 it is null, and APPROX_PERCENTILE serves.',
  category: 'AGGREGATE',
  standard: 'same',
  overloads: numbers.map((type) =>
    aggregateOverload(
      `value ${type}, share const DOUBLE`,
      'DOUBLE',
      (context) =>
        ofSorted('PERCENTILE', 'APPROX_PERCENTILE(value, share)', context, (values) =>
          valueAt(values, context.constants[1] as number),
        ),
      { wants: { share: { text: 'between 0 and 1', holds: (share) => share >= 0 && share <= 1 } } },
    ),
  ),
});
