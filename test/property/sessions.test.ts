import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { findAggregate } from '../../src/functions/registry.ts';
import type { WindowSpec } from '../../src/specs/window.ts';
import { AggregateSet } from '../../src/runtime/aggregation.ts';
import { batchOf, rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import type { Operator } from '../../src/runtime/operator.ts';
import { SessionAggregate } from '../../src/runtime/operators/session-aggregate.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';
import { BIGINT, INTEGER } from '../../src/types/sql-type.ts';
import { checked } from '../support/checked.ts';

const aggregates = new AggregateSet([
  {
    aggregator: findAggregate('SUM')!
      .overloads.find(({ params }) => params.length === 1)!
      .create({ args: [INTEGER], returns: BIGINT, constants: [undefined] }),
    first: (row) => row[0]!,
    rest: undefined,
  },
]);

interface Event {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
}
type Line = readonly [key: string, start: number, end: number, sum: number | undefined];

const cases = fc
  .record({
    final: fc.boolean(),
    sizeMs: fc.integer({ min: 1, max: 12 }),
    graceMs: fc.integer({ min: 0, max: 3000 }),
    cacheBytes: fc.constantFrom(1, 1_000_000),
    events: fc.array(
      fc.record({
        key: fc.constantFrom('x', 'y', 'z'),
        value: fc.integer({ min: 1, max: 9 }),
        step: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -3000, max: 3000 })),
        flush: fc.nat({ max: 4 }).map((n) => n === 0),
        reopen: fc.nat({ max: 9 }).map((n) => n === 0),
      }),
      { minLength: 1, maxLength: 60 },
    ),
  })
  .map(({ events, ...rest }) => {
    let time = 5000;
    return {
      ...rest,
      events: events.map((event) => ({ ...event, timestamp: (time = Math.max(0, time + event.step)) })),
    };
  });

/** The rule on plain lists, which forget nothing before its time and are searched from end to end. */
function byLists(events: readonly Event[], { sizeMs: gap, graceMs }: WindowSpec, final: boolean): Line[] {
  const lines: Line[] = [];
  let sessions: { key: string; start: number; end: number; sum: number; sent: boolean }[] = [];
  let streamTime = -1;
  for (const { key, value, timestamp } of events) {
    streamTime = Math.max(streamTime, timestamp);
    const over = streamTime - gap - graceMs;
    const near = sessions.filter(
      (each) => each.key === key && each.end >= over && timestamp >= each.start - gap && timestamp <= each.end + gap,
    );
    const start = Math.min(timestamp, ...near.map((each) => each.start));
    const end = Math.max(timestamp, ...near.map((each) => each.end));
    if (end >= over) {
      if (!final)
        for (const each of near.sort((a, b) => a.start - b.start))
          if (each.start !== start || each.end !== end) lines.push([key, each.start, each.end, undefined]);
      const sum = near.reduce((total, each) => total + each.sum, value);
      sessions = sessions.filter((each) => !near.includes(each));
      sessions.push({ key, start, end, sum, sent: false });
      if (!final) lines.push([key, start, end, sum]);
    }
    if (!final) continue;
    const due = sessions.filter((each) => !each.sent && each.end < over);
    for (const each of due.sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1))) {
      lines.push([each.key, each.start, each.end, each.sum]);
      each.sent = true;
    }
  }
  return lines;
}

test('sessions in segments are those of the rule, at every gap and grace, late events, flushes and restarts included', () => {
  fc.assert(
    fc.property(cases, ({ final, sizeMs, graceMs, cacheBytes, events }) => {
      const window: WindowSpec = { type: 'SESSION', sizeMs, advanceMs: sizeMs, graceMs, retentionMs: sizeMs + graceMs };
      const backend = new MemoryBackend();
      const open = (): readonly [WindowStore<never>, Operator] => {
        const store = new WindowStore<never>(
          { backend, prefix: Buffer.from('p/'), cacheBytes },
          { name: 'sessions', version: 1 },
        );
        return [
          store,
          checked(
            new SessionAggregate(store, aggregates, window, {
              final,
              conflate: false,
              withBefore: false,
              onLate: () => undefined,
            }),
            {
              name: 'sessions',
              before: final ? 'once' : 'latest',
              fresh: true,
              owns: [],
              makes: true,
              types: undefined,
            },
          ),
        ];
      };
      let [store, operator] = open();
      const lines: Line[] = [];
      events.forEach(({ key, value, timestamp, flush, reopen }, sequence) => {
        const change = new Change([key], undefined, [value], timestamp, sequence);
        for (const {
          key: [of],
          after,
          window: bounds,
        } of rowsOf(operator.process([batchOf([change])]) as Batch))
          lines.push([of as string, bounds!.start, bounds!.end, after === undefined ? undefined : Number(after[1])]);
        if (!flush && !reopen) return;
        const batch = backend.batch();
        store.flush(batch);
        batch.write(false);
        if (reopen) [store, operator] = open();
      });
      expect(lines).toEqual(byLists(events, window, final));
      const all = [...operator.current!()].map(({ key, after }) => `${String(key[0])} ${String(after)}`);
      const byKey = ['x', 'y', 'z'].flatMap((key) =>
        [...operator.current!([key])].map(({ after }) => `${key} ${String(after)}`),
      );
      expect(byKey.sort()).toEqual(all.sort());
    }),
    { numRuns: 500 },
  );
});

test('conflated sessions leave the same rows behind each batch, say each once, and take back only what was said', () => {
  fc.assert(
    fc.property(cases, ({ sizeMs, graceMs, cacheBytes, events }) => {
      const window: WindowSpec = { type: 'SESSION', sizeMs, advanceMs: sizeMs, graceMs, retentionMs: sizeMs + graceMs };
      const store = new WindowStore<never>(
        { backend: new MemoryBackend(), prefix: Buffer.from('p/'), cacheBytes },
        { name: 'sessions', version: 1 },
      );
      const operator = new SessionAggregate(store, aggregates, window, {
        final: false,
        conflate: true,
        withBefore: true,
        onLate: () => undefined,
      });
      const said = new Map<string, number>();
      let from = 0;
      while (from < events.length) {
        const end = events.findIndex(({ flush }, i) => i >= from && flush) + 1 || events.length;
        const batch = events
          .slice(from, end)
          .map(({ key, value, timestamp }, i) => new Change([key], undefined, [value], timestamp, from + i));
        expect(rowsOf(operator.process([batchOf(batch)]))).toEqual([]);
        const names = new Set<string>();
        let last = -1;
        for (const piece of operator.drain())
          for (const { key, before, after, window: bounds, sequence } of rowsOf(piece)) {
            const name = `${String(key[0])} ${bounds!.start} ${bounds!.end}`;
            expect(names.has(name)).toBe(false);
            names.add(name);
            expect(sequence).toBeGreaterThanOrEqual(last);
            last = sequence;
            expect(before === undefined ? undefined : Number(before[1])).toBe(said.get(name));
            if (after === undefined) expect(said.delete(name)).toBe(true);
            else said.set(name, Number(after[1]));
          }
        from = end;
        const expected = new Map<string, number>();
        for (const [key, start, to, sum] of byLists(events.slice(0, from), window, false)) {
          if (sum === undefined) expected.delete(`${key} ${start} ${to}`);
          else expected.set(`${key} ${start} ${to}`, sum);
        }
        expect([...said].sort()).toEqual([...expected].sort());
      }
    }),
    { numRuns: 500 },
  );
});
