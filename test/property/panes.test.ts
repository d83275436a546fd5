import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { findAggregate } from '../../src/functions/registry.ts';
import type { WindowSpec } from '../../src/specs/window.ts';
import { AggregateSet } from '../../src/runtime/aggregation.ts';
import { batchOf, rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import type { Operator } from '../../src/runtime/operator.ts';
import { PaneAggregate } from '../../src/runtime/operators/pane-aggregate.ts';
import { WindowedAggregate } from '../../src/runtime/operators/windowed-aggregate.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';
import { BIGINT, INTEGER } from '../../src/types/sql-type.ts';
import { checked } from '../support/checked.ts';

const aggregates = new AggregateSet(
  ['COUNT', 'SUM', 'MAX', 'COUNT_DISTINCT'].map((name) => ({
    aggregator: findAggregate(name)!
      .overloads.find(({ params }) => params.length === 1)!
      .create({ args: [INTEGER], returns: BIGINT, constants: [undefined] }),
    first: (row) => row[0]!,
    rest: undefined,
  })),
);

const cases = fc.record({
  sizeMs: fc.integer({ min: 2, max: 12 }),
  advanceMs: fc.integer({ min: 1, max: 11 }),
  graceMs: fc.integer({ min: 0, max: 15 }),
  cacheBytes: fc.constantFrom(1, 1_000_000),
  events: fc.array(
    fc.record({
      key: fc.constantFrom('x', 'y'),
      value: fc.integer({ min: 0, max: 5 }),
      step: fc.integer({ min: -9, max: 9 }),
      flush: fc.nat({ max: 9 }).map((n) => n === 0),
      cut: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 50 },
  ),
});

test('panes give the last value of each window and key that a state for each window gives, late events and restarts included', () => {
  fc.assert(
    fc.property(cases, ({ sizeMs, advanceMs, graceMs, cacheBytes, events }) => {
      fc.pre(advanceMs <= sizeMs);
      const window: WindowSpec = {
        type: advanceMs === sizeMs ? 'TUMBLING' : 'HOPPING',
        sizeMs,
        advanceMs,
        graceMs,
        retentionMs: sizeMs + graceMs,
      };
      const run = (panes: boolean): readonly unknown[] => {
        const backend = new MemoryBackend();
        const late: number[] = [];
        const onLate = ({ timestamp }: Change): void => void late.push(timestamp);
        const open = (): readonly [WindowStore<never>, Operator] => {
          const store = new WindowStore<never>(
            { backend, prefix: Buffer.from('p/'), cacheBytes },
            { name: 'panes', version: 1 },
          );
          return [
            store,
            checked(
              panes
                ? new PaneAggregate(store, aggregates, window, onLate)
                : new WindowedAggregate(store, aggregates, window, {
                    final: false,
                    conflate: true,
                    withBefore: false,
                    onLate,
                  }),
              {
                name: panes ? 'panes' : 'windows',
                before: 'latest',
                fresh: true,
                owns: [],
                makes: true,
                types: undefined,
              },
            ),
          ];
        };
        let [store, operator] = open();
        const last = new Map<string, string>();
        let time = 20;
        let streamTime = 0;
        let batch: Change[] = [];
        for (const { key, value, step, flush, cut } of [...events, { ...events[0]!, cut: true, flush: true }]) {
          time = Math.max(0, time + step);
          streamTime = Math.max(streamTime, time);
          batch.push(new Change([key], undefined, [value], time, batch.length));
          if (!cut && !flush) continue;
          const rows = rowsOf(operator.process([batchOf(batch)]) as Batch);
          for (const change of [...rows, ...[...operator.drain!()].flatMap(rowsOf)])
            last.set(`${change.key[0] as string}/${change.window!.start}`, JSON.stringify(change.after));
          batch = [];
          if (!flush) continue;
          const writes = backend.batch();
          store.flush(writes);
          writes.write(false);
          if (value > 2) [store, operator] = open();
        }
        const held = [...operator.current!()]
          .filter(({ window: bounds }) => bounds!.end > streamTime - graceMs)
          .map(({ key, after }) => JSON.stringify([key, after]));
        return [Object.fromEntries([...last].sort()), late, held.sort()];
      };
      expect(run(true)).toEqual(run(false));
    }),
    { numRuns: 400, seed: 11 },
  );
});
