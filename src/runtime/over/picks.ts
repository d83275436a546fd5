import type { Aggregator } from '../../functions/define.ts';
import type { Value } from '../../types/sql-type.ts';

/** The value of the nth row of a frame (IGNORE NULLS: of the nth that is not null); `otherwise` if there is none. */
export function nthRow(n: number, ignoreNulls: boolean, otherwise: Value = null): Aggregator {
  return {
    init: (): Value[] => [],
    add: (state: Value[], value) => {
      if (state.length < n && !(ignoreNulls && value === null)) state.push(value);
      return state;
    },
    merge: (left: readonly Value[], right: readonly Value[]) =>
      left.length === n ? left : [...left, ...right.slice(0, n - left.length)],
    orderFree: false,
    result: (state: readonly Value[]) => (state.length < n ? otherwise : state[n - 1]!),
  };
}

/**
 * The value of the nth row from the end of a frame (IGNORE NULLS: of the nth that is not null); `otherwise` if there is none.
 */
export function nthRowFromEnd(n: number, ignoreNulls: boolean, otherwise: Value = null): Aggregator {
  return {
    init: (): Value[] => [],
    add: (state: Value[], value) => {
      if (ignoreNulls && value === null) return state;
      if (state.length === n) state.shift();
      state.push(value);
      return state;
    },
    merge: (left: readonly Value[], right: readonly Value[]) =>
      right.length === n ? right : [...left.slice(Math.max(0, left.length + right.length - n)), ...right],
    orderFree: false,
    result: (state: readonly Value[]) => (state.length < n ? otherwise : state[0]!),
  };
}

/** The number of rows of a frame. */
export function rowCount(): Aggregator {
  return {
    init: () => 0,
    add: (state: number) => state + 1,
    undo: (state: number) => state - 1,
    merge: (left: number, right: number) => left + right,
    orderFree: true,
    countsRows: true,
    result: (state: number) => state,
  };
}
