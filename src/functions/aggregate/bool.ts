import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateFunction } from '../define.ts';

/** How many values are true, and how many false. */
type Counts = readonly [yes: number, no: number];
const count = ([yes, no]: Counts, value: Value, by: 1 | -1): Counts =>
  value === null ? [yes, no] : value === true ? [yes + by, no] : [yes, no + by];

const make = (name: string, doc: string, result: (counts: Counts) => boolean): AggregateFunction =>
  aggregate({
    name,
    doc,
    category: 'AGGREGATE',
    standard: 'same',
    overloads: [
      aggregateOverload('value BOOLEAN', 'BOOLEAN', () => ({
        init: (): Counts => [0, 0],
        add: (state: Counts, value) => count(state, value, 1),
        undo: (state: Counts, value) => count(state, value, -1),
        merge: (left: Counts, right: Counts): Counts => [left[0] + right[0], left[1] + right[1]],
        orderFree: true,
        result: (state: Counts) => (state[0] + state[1] === 0 ? null : result(state)),
      })),
    ],
  });

export const boolAnd = make(
  'BOOL_AND',
  'Whether all values are true; nulls are skipped, null of no value.',
  ([, no]) => no === 0,
);
export const boolOr = make(
  'BOOL_OR',
  'Whether a value is true; nulls are skipped, null of no value.',
  ([yes]) => yes > 0,
);
