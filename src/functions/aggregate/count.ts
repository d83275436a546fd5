import { aggregate, aggregateOverload } from '../define.ts';

const counter = (countsNull: boolean) => () => ({
  init: () => 0,
  add: (state: number, value: unknown) => (countsNull || value !== null ? state + 1 : state),
  undo: (state: number, value: unknown) => (countsNull || value !== null ? state - 1 : state),
  merge: (left: number, right: number) => left + right,
  orderFree: true,
  result: (state: number) => state,
  ...(countsNull && { countsRows: true as const }),
});

export const count = aggregate({
  name: 'COUNT',
  distinct: 'COUNT_DISTINCT',
  doc: 'The number of rows, or of values that are not null.',
  category: 'AGGREGATE',
  standard: 'same',
  overloads: [aggregateOverload('', 'BIGINT', counter(true)), aggregateOverload('value ANY', 'BIGINT', counter(false))],
});
