import { equalValues, identity } from '../../types/compare.ts';
import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator, type CallContext } from '../define.ts';

const isSame = (a: Value, b: Value): boolean => Object.is(a, b) || equalValues(a, b);

/** The list, changed in place: frames add many values before a result is needed. */
const growingList = ({ limits }: CallContext): Aggregator => ({
  init: (): Value[] => [],
  add: (state: Value[], value) => {
    if (state.length < (limits?.list ?? Infinity)) state.push(value);
    return state;
  },
  undo: (state: Value[], value) => {
    const at = state.findIndex((item) => isSame(item, value));
    if (at >= 0) state.splice(at, 1);
    return state;
  },
  merge: (left: readonly Value[], right: readonly Value[]) => [...left, ...right].slice(0, limits?.list),
  orderFree: false,
  growing: true,
  result: (state: readonly Value[]) => (state.length === 0 ? null : state.slice()),
});

/** Reports that a list takes no more, once for each list as long as it is in memory. */
function sayingOnce(
  name: string,
  limit: number | undefined,
  report: ((error: Error) => void) | undefined,
): (state: object) => void {
  const said = new WeakSet();
  return (state) => {
    if (said.has(state)) return;
    said.add(state);
    report?.(new EvaluationError(`${name} has ${limit} values of a key, which is its limit: it takes no more`));
  };
}

export const collectList = aggregate({
  name: 'COLLECT_LIST',
  needsRows: true,
  doc: 'All values in order of arrival, with OVER in order of the frame; nulls included.',
  category: 'AGGREGATE',
  standard: [aggregateOverload('value T', 'ARRAY<T>', growingList)],
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', ({ limits, report }) => {
      const cut = sayingOnce('COLLECT_LIST', limits?.list, report);
      return {
        init: (): Value[] => [],
        add: (state: Value[], value) => {
          if (state.length < (limits?.list ?? Infinity)) state.push(value);
          else cut(state);
          return state;
        },
        undo: (state: readonly Value[], value) => {
          const at = state.findLastIndex((item) => equalValues(item, value));
          return at < 0 ? state : state.toSpliced(at, 1);
        },
        merge: (left: readonly Value[], right: readonly Value[]) => [...left, ...right].slice(0, limits?.list),
        orderFree: false,
        result: (state: readonly Value[]) => state.slice(),
      };
    }),
  ],
});

/** What the lists that are sets hold, as long as they are in memory: a look instead of a search through the list. */
const members = new WeakMap<readonly Value[], Set<ReturnType<typeof identity>>>();
function membersOf(list: readonly Value[]): Set<ReturnType<typeof identity>> {
  let found = members.get(list);
  if (found === undefined) members.set(list, (found = new Set(list.map(identity))));
  return found;
}
const addToSet =
  (limit: number, cut: (state: object) => void) =>
  (state: Value[], value: Value): Value[] => {
    const known = membersOf(state);
    const id = identity(value);
    if (known.has(id)) return state;
    if (state.length >= limit) cut(state);
    else {
      state.push(value);
      known.add(id);
    }
    return state;
  };

/** COLLECT_SET with an index of its values, because searching a long list is slow. */
const exactSet = ({ limits, report }: CallContext): Aggregator => {
  const limit = limits?.set ?? Infinity;
  const addAll = (left: readonly Value[], right: readonly Value[]): readonly Value[] => {
    const there = new Set(left.map(identity));
    const joined = [...left];
    for (const value of right) {
      const key = identity(value);
      if (joined.length >= limit || there.has(key)) continue;
      there.add(key);
      joined.push(value);
    }
    return joined;
  };
  return {
    init: (): Value[] => [],
    add: addToSet(limit, sayingOnce('COLLECT_SET', limits?.set, report)),
    merge: addAll,
    orderFree: false,
    growing: true,
    result: (state: readonly Value[]) => (state.length === 0 ? null : state.slice()),
  };
};

export const collectSet = aggregate({
  name: 'COLLECT_SET',
  needsRows: true,
  doc: 'The different values in order of first arrival, with OVER in order of the frame; null included.',
  category: 'AGGREGATE',
  standard: [aggregateOverload('value T', 'ARRAY<T>', exactSet)],
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', ({ limits, report }) => {
      const add = addToSet(limits?.set ?? Infinity, sayingOnce('COLLECT_SET', limits?.set, report));
      return {
        init: (): Value[] => [],
        add,
        merge: (left: readonly Value[], right: readonly Value[]) => right.reduce(add, left.slice()),
        orderFree: false,
        result: (state: readonly Value[]) => state.slice(),
      };
    }),
  ],
});
