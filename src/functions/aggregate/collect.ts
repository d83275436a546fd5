import { equalValues, identity } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

export const collectList = aggregate({
  name: 'COLLECT_LIST',
  doc: 'All values in order of arrival, nulls included.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', ({ limits }) => ({
      init: (): Value[] => [],
      add: (state: readonly Value[], value) => (state.length < (limits?.list ?? Infinity) ? [...state, value] : state),
      undo: (state: readonly Value[], value) => {
        const at = state.findLastIndex((item) => equalValues(item, value));
        return at < 0 ? state : state.toSpliced(at, 1);
      },
      merge: (left: readonly Value[], right: readonly Value[]) => [...left, ...right].slice(0, limits?.list),
      orderFree: false,
      result: (state: readonly Value[]) => state,
    })),
  ],
});

const addToSet =
  (limit: number) =>
  (state: readonly Value[], value: Value): readonly Value[] =>
    state.length >= limit || state.some((item) => identity(item) === identity(value)) ? state : [...state, value];

export const collectSet = aggregate({
  name: 'COLLECT_SET',
  doc: 'The different values in order of first arrival, null included.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('value T', 'ARRAY<T>', ({ limits }) => {
      const add = addToSet(limits?.set ?? Infinity);
      return {
        init: (): Value[] => [],
        add,
        merge: (left: readonly Value[], right: readonly Value[]) => right.reduce<readonly Value[]>(add, left),
        orderFree: false,
        result: (state: readonly Value[]) => state,
      };
    }),
  ],
});
