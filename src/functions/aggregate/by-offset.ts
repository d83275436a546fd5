import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateFunction, type Aggregator } from '../define.ts';

/** One value: the state is [seen, value]. */
function one(latest: boolean, ignoreNulls: boolean): Aggregator {
  type State = [seen: boolean, value: Value];
  return {
    init: (): State => [false, null],
    add: (state: State, value) => ((value === null && ignoreNulls) || (!latest && state[0]) ? state : [true, value]),
    merge: (left: State, right: State) => (latest ? (right[0] ? right : left) : left[0] ? left : right),
    orderFree: false,
    result: (state: State) => state[1],
  };
}
/** The first or last n values, in order of arrival. */
function many(latest: boolean, n: number, ignoreNulls: boolean): Aggregator {
  const cut = (items: readonly Value[]): readonly Value[] => (latest ? items.slice(-n) : items.slice(0, n));
  return {
    init: () => [],
    add: (state: readonly Value[], value) =>
      (value === null && ignoreNulls) || (!latest && state.length >= n) ? state : cut([...state, value]),
    merge: (left: readonly Value[], right: readonly Value[]) => cut([...left, ...right]),
    orderFree: false,
    result: (state: readonly Value[]) => state,
  };
}
const make = (name: string, doc: string, latest: boolean): AggregateFunction =>
  aggregate({
    name,
    doc,
    category: 'AGGREGATE',
    overloads: [
      aggregateOverload('value T', 'T', () => one(latest, true)),
      aggregateOverload('value T, ignore_nulls const BOOLEAN', 'T', ({ constants }) =>
        one(latest, constants[1] as boolean),
      ),
      aggregateOverload('value T, n const INTEGER', 'ARRAY<T>', ({ constants }) =>
        many(latest, constants[1] as number, true),
      ),
      aggregateOverload('value T, n const INTEGER, ignore_nulls const BOOLEAN', 'ARRAY<T>', ({ constants }) =>
        many(latest, constants[1] as number, constants[2] as boolean),
      ),
    ],
  });

export const earliestByOffset = make(
  'EARLIEST_BY_OFFSET',
  'The first value, or the first n, by order of processing.',
  false,
);
export const latestByOffset = make('LATEST_BY_OFFSET', 'The last value, or the last n, by order of processing.', true);
