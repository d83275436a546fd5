import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

export const stringAgg = aggregate({
  name: 'STRING_AGG',
  needsRows: true,
  doc: 'The texts one after the other with a separator between them, in order of arrival, with OVER in order of the frame; nulls are skipped, null of no value.',
  category: 'AGGREGATE',
  standard: 'same',
  overloads: ['value STRING', 'value STRING, separator const STRING'].map((params) =>
    aggregateOverload(params, 'STRING', ({ constants, limits }) => ({
      init: (): Value[] => [],
      add: (state: Value[], value) => {
        if (value !== null && state.length < (limits?.list ?? Infinity)) state.push(value);
        return state;
      },
      undo: (state: Value[], value) => {
        const at = value === null ? -1 : state.lastIndexOf(value);
        if (at >= 0) state.splice(at, 1);
        return state;
      },
      merge: (left: readonly Value[], right: readonly Value[]) => [...left, ...right].slice(0, limits?.list),
      orderFree: false,
      growing: true,
      result: (state: readonly Value[]) =>
        state.length === 0 ? null : state.join(params.includes('const') ? String(constants[1] ?? '') : ','),
    })),
  ),
});
