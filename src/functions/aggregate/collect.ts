import { equalValues, identity } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

/** ksqlDB caps both by a setting that is unlimited unless set. */
const limit = { list: Infinity, set: Infinity };

/** Sets the caps `ksql.functions.collect_list.limit` and `ksql.functions.collect_set.limit`; negative means none. */
export function setCollectLimits(list: number, set: number): void {
  limit.list = list < 0 ? Infinity : list;
  limit.set = set < 0 ? Infinity : set;
}

export const collectList = aggregate({
  name: 'COLLECT_LIST',
  doc: 'All values in order of arrival, nulls included.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', () => ({
      init: (): Value[] => [],
      add: (state: readonly Value[], value) => (state.length < limit.list ? [...state, value] : state),
      undo: (state: readonly Value[], value) => {
        const at = state.findLastIndex((item) => equalValues(item, value));
        return at < 0 ? state : state.toSpliced(at, 1);
      },
      merge: (left: readonly Value[], right: readonly Value[]) => [...left, ...right].slice(0, limit.list),
      orderFree: false,
      result: (state: readonly Value[]) => state,
    })),
  ],
});

const addToSet = (state: readonly Value[], value: Value): readonly Value[] =>
  state.length >= limit.set || state.some((item) => identity(item) === identity(value)) ? state : [...state, value];

export const collectSet = aggregate({
  name: 'COLLECT_SET',
  doc: 'The different values in order of first arrival, null included.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', () => ({
      init: (): Value[] => [],
      add: addToSet,
      merge: (left: readonly Value[], right: readonly Value[]) => right.reduce<readonly Value[]>(addToSet, left),
      orderFree: false,
      result: (state: readonly Value[]) => state,
    })),
  ],
});
