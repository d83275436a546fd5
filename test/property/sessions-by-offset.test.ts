import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { findAggregate } from '../../src/functions/registry.ts';
import { resolveOverload } from '../../src/functions/resolve.ts';
import type { WindowSpec } from '../../src/specs/window.ts';
import { AggregateSet } from '../../src/runtime/aggregation.ts';
import { batchOf, rowsOf } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { SessionAggregate } from '../../src/runtime/operators/session-aggregate.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';
import { array, BOOLEAN, INTEGER, type Row, type Value } from '../../src/types/sql-type.ts';

interface Event {
  readonly key: string;
  readonly value: number | null;
  readonly time: number;
}
/** A call of LATEST_BY_OFFSET or EARLIEST_BY_OFFSET: the number of values, or one, and whether nulls are passed over. */
interface Call {
  readonly latest: boolean;
  readonly n: number | undefined;
  readonly ignoreNulls: boolean;
}
const calls: readonly Call[] = [true, false].flatMap((latest) =>
  [undefined, 1, 3].flatMap((n) => [true, false].map((ignoreNulls) => ({ latest, n, ignoreNulls }))),
);

const aggregates = new AggregateSet(
  calls.map(({ latest, n, ignoreNulls }) => {
    const constants: Row = n === undefined ? [ignoreNulls] : [n, ignoreNulls];
    const types = [INTEGER, ...(n === undefined ? [] : [INTEGER]), BOOLEAN];
    const { overloads } = findAggregate(latest ? 'LATEST_BY_OFFSET' : 'EARLIEST_BY_OFFSET')!;
    const { overload } = resolveOverload(overloads, types)!;
    const aggregator = overload.create({
      args: types,
      returns: n === undefined ? INTEGER : array(INTEGER),
      constants: [undefined, ...constants],
      // As sessions are built: rows of one session come in any order of time, and two sessions may become one.
      arrivals: true,
    });
    return { aggregator, first: (row) => row[0]!, rest: () => constants };
  }),
);

const cases = fc.record({
  final: fc.boolean(),
  gapMs: fc.integer({ min: 5, max: 20 }),
  graceMs: fc.constantFrom(0, 50, 400),
  cacheBytes: fc.constantFrom(1, 1_000_000),
  events: fc.array(
    fc.record({
      key: fc.constantFrom('x', 'y'),
      value: fc.option(fc.integer({ min: 0, max: 99 }), { freq: 3 }),
      // In any order: events grow sessions at both ends, and join two by closing the gap between them.
      time: fc.integer({ min: 1000, max: 1300 }),
      flush: fc.nat({ max: 4 }).map((n) => n === 0),
      reopen: fc.nat({ max: 9 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 50, size: 'max' },
  ),
});
/** A session: its bounds, and the values of its events with the places at which they arrived. */
interface ListedSession {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly arrived: readonly (readonly [place: number, value: Value])[];
}
type Line = readonly [key: string, start: number, end: number, results: readonly Value[] | undefined];

function resultOf({ latest, n, ignoreNulls }: Call, { arrived }: ListedSession): Value {
  const values = arrived
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value)
    .filter((value) => !ignoreNulls || value !== null);
  if (n === undefined) return values.at(latest ? -1 : 0) ?? null;
  return latest ? values.slice(-n) : values.slice(0, n);
}

/** What the rule of sessions gives, event by event, from plain lists of all events of each session. */
function byLists(events: readonly Event[], gapMs: number, graceMs: number, final: boolean): Line[] {
  const lines: Line[] = [];
  let sessions: ListedSession[] = [];
  const line = (session: ListedSession): Line => [
    session.key,
    session.start,
    session.end,
    calls.map((call) => resultOf(call, session)),
  ];
  let streamTime = -1;
  for (const [place, { key, value, time }] of events.entries()) {
    streamTime = Math.max(streamTime, time);
    const over = streamTime - gapMs - graceMs;
    const joined = sessions
      .filter((session) => session.key === key && time >= session.start - gapMs && time <= session.end + gapMs)
      .sort((a, b) => a.start - b.start);
    const start = Math.min(time, ...joined.map((session) => session.start));
    const end = Math.max(time, ...joined.map((session) => session.end));
    if (end >= over) {
      const arrived = [...joined.flatMap((session) => session.arrived), [place, value] as const];
      const session = { key, start, end, arrived };
      sessions = [...sessions.filter((other) => !joined.includes(other)), session];
      if (!final) {
        for (const gone of joined)
          if (gone.start !== start || gone.end !== end) lines.push([key, gone.start, gone.end, undefined]);
        lines.push(line(session));
      }
    }
    // What is over takes no more events.
    const due = sessions.filter((session) => session.end < over);
    sessions = sessions.filter((session) => session.end >= over);
    if (final) lines.push(...due.sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1)).map(line));
  }
  return lines;
}

/** When the fourth event comes the first session is over: the third one grows to before it, and the fifth event joins that. */
const reachingBack: typeof cases extends fc.Arbitrary<infer Case> ? Case : never = {
  final: false,
  gapMs: 19,
  graceMs: 50,
  cacheBytes: 1,
  events: [1217, 1287, 1235, 1216, 1197].map((time) => ({ key: 'x', value: null, time, flush: true, reopen: true })),
};

test('LATEST_BY_OFFSET and EARLIEST_BY_OFFSET of sessions go by arrival, whatever the times, merges and restarts', () => {
  let merges = 0;
  fc.assert(
    fc.property(cases, ({ final, gapMs, graceMs, cacheBytes, events }) => {
      const window: WindowSpec = {
        type: 'SESSION',
        sizeMs: gapMs,
        advanceMs: gapMs,
        graceMs,
        retentionMs: gapMs + graceMs,
      };
      const backend = new MemoryBackend();
      const open = (): readonly [WindowStore<never>, SessionAggregate] => {
        const location = { backend, prefix: Buffer.from('p/'), cacheBytes };
        const store = new WindowStore<never>(location, { name: 'sessions', version: 1 });
        const emission = { final, conflate: false, withBefore: false, onLate: () => undefined };
        return [store, new SessionAggregate(store, aggregates, window, emission)];
      };
      let [store, operator] = open();
      const lines: Line[] = [];
      events.forEach(({ key, value, time, flush, reopen }, sequence) => {
        const change = new Change([key], undefined, [value], time, sequence);
        for (const { key: of, after, window: bounds } of rowsOf(operator.process([batchOf([change])]))) {
          const results = after?.slice(1, 1 + calls.length);
          lines.push([of[0] as string, bounds!.start, bounds!.end, results]);
        }
        if (!flush && !reopen) return;
        const batch = backend.batch();
        store.flush(batch);
        batch.write(false);
        if (reopen) [store, operator] = open();
      });
      const expected = byLists(events, gapMs, graceMs, final);
      expect(lines).toEqual(expected);
      // Two tombstones behind each other: an event that joined two sessions.
      expected.forEach(([, , , results], i) => {
        if (i > 0 && results === undefined && expected[i - 1]![3] === undefined) merges++;
      });
    }),
    { numRuns: 500, examples: [[reachingBack]] },
  );
  expect(merges).toBeGreaterThan(20);
});
