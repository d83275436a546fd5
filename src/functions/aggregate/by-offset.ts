import type { Value } from '../../types/sql-type.ts';
import {
  aggregate,
  aggregateOverload,
  type AggregateFunction,
  type AggregateOverload,
  type Aggregator,
  type CallContext,
} from '../define.ts';

/** The first or last value: state [seen, value]. For rows in order of arrival. */
function singleValue(latest: boolean, ignoreNulls: boolean): Aggregator {
  type State = [seen: boolean, value: Value];
  return {
    init: (): State => [false, null],
    add: (state: State, value) => ((value === null && ignoreNulls) || (!latest && state[0]) ? state : [true, value]),
    merge: (left: State, right: State) => (latest ? (right[0] ? right : left) : left[0] ? left : right),
    orderFree: false,
    result: (state: State) => state[1],
  };
}
/** The first or last n values. For rows in order of arrival. */
function valueList(latest: boolean, n: number, ignoreNulls: boolean): Aggregator {
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

/** The first or last value by arrival number; `true` is that of a state stored before rows had numbers. */
function numberedValue(latest: boolean, ignoreNulls: boolean): Aggregator {
  type State = [arrival: number | boolean, value: Value];
  const isBetter = (than: number | boolean, arrival: number | boolean): boolean =>
    than === false || (latest ? Number(arrival) >= Number(than) : Number(arrival) < Number(than));
  return {
    init: (): State => [false, null],
    add: (state: State, value, rest) => {
      if (value === null && ignoreNulls) return state;
      const arrival = rest[rest.length - 1] as number;
      return isBetter(state[0], arrival) ? [arrival, value] : state;
    },
    merge: (left: State, right: State) => (right[0] !== false && isBetter(left[0], right[0]) ? right : left),
    orderFree: false,
    needsArrival: true,
    result: (state: State) => state[1],
  };
}
/** The first or last n values by arrival number; an array is a state stored before rows had numbers. */
function numberedList(latest: boolean, n: number, ignoreNulls: boolean): Aggregator {
  type State = ReadonlyMap<number, Value>;
  const numbered = (state: State | readonly Value[]): State =>
    Array.isArray(state) ? new Map((state as readonly Value[]).map((value, i) => [i - n, value])) : (state as State);
  const cut = (entries: (readonly [number, Value])[]): State => {
    const sorted = entries.sort(([a], [b]) => a - b);
    return new Map(latest ? sorted.slice(-n) : sorted.slice(0, n));
  };
  return {
    init: (): State => new Map(),
    add: (state: State, value, rest) => {
      if (value === null && ignoreNulls) return state;
      return cut([...numbered(state), [rest[rest.length - 1] as number, value]]);
    },
    merge: (left: State, right: State) => cut([...numbered(left), ...numbered(right)]),
    orderFree: false,
    needsArrival: true,
    result: (state: State) => [...numbered(state).values()],
  };
}

const make = (name: string, doc: string, latest: boolean): AggregateFunction => {
  const single = ({ arrivals }: CallContext, ignoreNulls: boolean): Aggregator =>
    arrivals === true ? numberedValue(latest, ignoreNulls) : singleValue(latest, ignoreNulls);
  const several = ({ arrivals, constants }: CallContext, ignoreNulls: boolean, ofNone: Value): Aggregator => {
    const aggregator = (arrivals === true ? numberedList : valueList)(latest, constants[1] as number, ignoreNulls);
    const result = aggregator.result as (state: unknown, now: number) => readonly Value[];
    return {
      ...aggregator,
      result: (state, now) => {
        const values = result(state, now);
        return values.length === 0 ? ofNone : values;
      },
    };
  };
  const overloads = (ofNone: Value): AggregateOverload[] => [
    aggregateOverload('value T', 'T', (context) => single(context, true)),
    aggregateOverload('value T, ignore_nulls const BOOLEAN', 'T', (context) =>
      single(context, context.constants[1] as boolean),
    ),
    aggregateOverload('value T, n const INTEGER', 'ARRAY<T>', (context) => several(context, true, ofNone)),
    aggregateOverload('value T, n const INTEGER, ignore_nulls const BOOLEAN', 'ARRAY<T>', (context) =>
      several(context, context.constants[2] as boolean, ofNone),
    ),
  ];
  return aggregate({ name, doc, category: 'AGGREGATE', overloads: overloads([]), standard: overloads(null) });
};

export const earliestByOffset = make(
  'EARLIEST_BY_OFFSET',
  'The first value, or the first n, by order of arrival.',
  false,
);
export const latestByOffset = make('LATEST_BY_OFFSET', 'The last value, or the last n, by order of arrival.', true);
