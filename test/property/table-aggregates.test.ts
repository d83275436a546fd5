import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Aggregator } from '../../src/functions/define.ts';
import { findAggregate } from '../../src/functions/registry.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { runsOf, seedOf } from '../support/scale.ts';

/** A function of doubles, as a query over a table builds it. */
function overTable(name: string): Aggregator {
  const overload = findAggregate(name)!.overloads.find(({ params }) => /DOUBLE|"T"/.test(JSON.stringify(params)))!;
  const args = overload.params.map(() => ({ kind: 'DOUBLE' as const }));
  return overload.create({ args, returns: { kind: 'DOUBLE' }, constants: [], ofTable: true });
}
const value = fc.oneof(
  fc.constantFrom<Value>(null, NaN, Infinity, -Infinity, 1e308, -1e308, 1e20, 1, 0.1, -0.3, 5e-324, 0, -0),
  fc.double(),
);
const change = fc.record({ id: fc.nat(4), row: fc.option(fc.tuple(value, value), { freq: 3, nil: undefined }) });

test.each([
  'SUM',
  'AVG',
  'STDDEV_SAMP',
  'STDDEV_SAMPLE',
  'STDDEV',
  'STDDEV_POP',
  'VAR_SAMP',
  'VAR_POP',
  'VARIANCE',
  'CORRELATION',
  'CORR',
  'SUM_LIST',
])('%s over a table is what the rows that are left give, bit for bit, whatever there was', (name) => {
  const aggregator = overTable(name);
  const args = ([x, y]: readonly Value[]): [Value, Value[]] => (name === 'SUM_LIST' ? [[x!, y!], []] : [x!, [y!]]);
  const result = (state: unknown): Value => aggregator.result(state as never, 0);
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const rows = new Map<number, readonly Value[]>();
      let state = aggregator.init();
      for (const { id, row } of changes) {
        const before = rows.get(id);
        if (before !== undefined) state = aggregator.undo!(state as never, ...args(before));
        if (row === undefined) rows.delete(id);
        else {
          rows.set(id, row);
          state = aggregator.add(state as never, ...args(row));
        }
        let fresh = aggregator.init();
        for (const left of rows.values()) fresh = aggregator.add(fresh as never, ...args(left));
        expect(result(state)).toBe(result(fresh));
      }
    }),
    { numRuns: runsOf(200), seed: seedOf(1) },
  );
});
