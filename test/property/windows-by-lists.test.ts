import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { allSteps } from '../../src/plan/physical/step.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import type { WindowSpec } from '../../src/specs/window.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { StoredTopology } from '../support/stored-topology.ts';

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}
/** What is told of a window: its bounds, then its rows in the order that COLLECT_LIST has them. */
interface Held {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly events: Event[];
}

const size = 12;
const step = 4;
const sql = (words: string): string =>
  `CREATE TABLE r AS SELECT k, COUNT(*) AS c, SUM(v) AS s, MAX(v) AS m, COLLECT_LIST(v) AS l, COUNT_DISTINCT(v) AS d, LATEST_BY_OFFSET(v) AS o, HISTOGRAM(CAST(v AS STRING)) AS h FROM a WINDOW ${words} GROUP BY k EMIT CHANGES;`;
const plans = new Map<string, PhysicalPlan>();
let engine: TestEngine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.run(`CREATE STREAM a (k STRING KEY, v INT) WITH (kafka_topic='a', value_format='JSON', partitions=1);`);
  for (const [kind, words] of [
    ['SLIDING', `SLIDING (SIZE ${size} MILLISECONDS)`],
    ['CUMULATE', `CUMULATE (SIZE ${size} MILLISECONDS, STEP ${step} MILLISECONDS)`],
  ] as const) {
    await engine.run(sql(words));
    const [query] = [...engine.engine.catalog.queries.values()];
    plans.set(kind, query!.plan);
    await engine.run('DROP TABLE r;');
  }
});
afterAll(() => engine.close());

/** The plan with another grace, retention and emission: one for each case would be slow to bind. */
function planned(
  kind: string,
  graceMs: number,
  retentionMs: number,
  final: boolean,
  withBefore: boolean,
): PhysicalPlan {
  const plan = structuredClone(plans.get(kind)!);
  const aggregate = allSteps(plan.root).find((each) => 'window' in each)!;
  Object.assign(aggregate, { final, withBefore: withBefore || undefined });
  const { window } = aggregate as { window: WindowSpec };
  Object.assign(window, { graceMs, retentionMs: size + graceMs + retentionMs });
  return plan;
}

/** The rule on plain lists. An event counts in the windows that hold it and are open when it comes. */
class Lists {
  readonly graceMs: number;
  readonly held = new Map<string, Held>();
  streamTime = -1;
  late = 0;
  readonly #came: Event[] = [];

  constructor(graceMs: number) {
    this.graceMs = graceMs;
  }
  get limit(): number {
    return this.streamTime - this.graceMs;
  }
  cumulate(event: Event): void {
    this.streamTime = Math.max(this.streamTime, event.time);
    const start = Math.floor(event.time / size) * size;
    let isLate = true;
    for (let end = start + step; end <= start + size; end += step) {
      if (event.time >= end || end <= this.limit) continue;
      isLate = false;
      this.window(event.key, start, end).events.push(event);
    }
    if (isLate) this.late++;
  }
  sliding(event: Event): void {
    this.streamTime = Math.max(this.streamTime, event.time);
    const { key, time } = event;
    if (time + 1 + size < this.limit) {
      this.late++;
      return;
    }
    for (const held of this.held.values())
      if (held.key === key && held.start <= time && time <= held.end && held.end >= this.limit) held.events.push(event);
    this.#came.push(event);
    const own = this.#came.filter((each) => each.key === key);
    const follows = (from: number): boolean => own.some((each) => each.time > from && each.time <= from + 1 + size);
    const starts = [Math.max(0, time - size), ...own.filter((each) => follows(each.time)).map((each) => each.time + 1)];
    for (const start of starts) {
      const end = start + size;
      if (end < this.limit || this.held.has(`${key}/${start}/${end}`)) continue;
      this.window(key, start, end).events.push(...own.filter((each) => each.time >= start && each.time <= end));
    }
  }
  add(kind: string, event: Event): void {
    if (kind === 'SLIDING') this.sliding(event);
    else this.cumulate(event);
  }
  isOver(kind: string, { end }: Held): boolean {
    return kind === 'SLIDING' ? end < this.limit : end <= this.limit;
  }
  window(key: string, start: number, end: number): Held {
    const name = `${key}/${start}/${end}`;
    let held = this.held.get(name);
    if (held === undefined) this.held.set(name, (held = { key, start, end, events: [] }));
    return held;
  }
  /** In order of the end, then of the key. */
  all(): Held[] {
    return [...this.held.values()].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1));
  }
}

function rowOf(kind: string, { key, start, end, events: came }: Held): string {
  // Sliding windows have their rows in order of time.
  const events = kind === 'SLIDING' ? came.toSorted((a, b) => a.time - b.time) : came;
  const values = events.map(({ value }) => value);
  const counts = [...new Set(values)].map((value) => [String(value), values.filter((v) => v === value).length]);
  return JSON.stringify([
    key,
    start,
    end,
    Math.max(...events.map(({ time }) => time)),
    [
      key,
      values.length,
      values.reduce((a, b) => a + b, 0),
      Math.max(...values),
      values,
      new Set(values).size,
      came.at(-1)!.value,
    ],
    counts.sort(),
  ]);
}
function lineOf({ key, after, timestamp, window }: Change): string {
  const { start, end } = window!;
  const [histogram] = after!.slice(7) as [ReadonlyMap<string, number>];
  return JSON.stringify([key[0], start, end, timestamp, after!.slice(0, 7), [...histogram].sort()]);
}

const cases = fc.record({
  graceMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 25 })),
  retentionMs: fc.constantFrom(0, 40),
  cacheBytes: fc.constantFrom(1, 1_000_000),
  events: fc.array(
    fc.record({
      key: fc.constantFrom('x', 'y'),
      value: fc.integer({ min: 1, max: 5 }),
      move: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -7, max: 8 }) },
        fc.integer({ min: -30, max: 30 }),
        fc.constant(0),
        // Nothing may go through the time between step by step.
        { weight: 1, arbitrary: fc.constant(1e11) },
      ),
      cut: fc.nat({ max: 3 }).map((n) => n === 0),
      flush: fc.nat({ max: 6 }).map((n) => n === 0),
      reopen: fc.nat({ max: 2 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 50 },
  ),
  begin: fc.constantFrom(0, 3, 40, 100_000, 1.7e12),
});
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

interface Ran {
  /** Every row that was given, in order. */
  readonly given: readonly Change[];
  readonly current: readonly string[];
  readonly byKey: readonly string[];
  readonly late: number;
}

/** Runs the real thing, restarted now and then. */
function run(
  plan: PhysicalPlan,
  { events, cacheBytes, begin }: Case,
  conflate: boolean,
  rule: (e: Event) => void,
): Ran {
  let late = 0;
  const topology = new StoredTopology(plan, {
    settings: { ...noConflation, conflate, cacheBytes },
    failures: { report: (_message, what) => void (late += what === 'late' ? 1 : 0), deadLetter: () => undefined },
  });
  const [source] = sourcesOf(plan);
  const given: Change[] = [];
  let batch: Change[] = [];
  let time: number = begin;
  events.forEach(({ key, value, move, cut, flush, reopen }, i) => {
    time = Math.max(0, time + move);
    rule({ key, value, time });
    const row = source!.reads.map((name) => (name === 'K' ? key : value));
    batch.push(new Change([key], undefined, row, time, batch.length));
    if (!cut && !flush && i < events.length - 1) return;
    const changes = batch.map((change) => ({ stepId: source!.id, partition: 0, change }));
    given.push(...rowsOf(topology.running.process(changes) as Batch));
    batch = [];
    if (!flush) return;
    topology.store();
    if (reopen) topology.reopen();
  });
  const current = (key?: string): string[] =>
    [...topology.running.current(key === undefined ? undefined : [key])!].map(lineOf);
  return { given, current: current().sort(), byKey: [...current('x'), ...current('y')].sort(), late };
}

const kinds = ['SLIDING', 'CUMULATE'] as const;

test.each(kinds)('%s: the last row of each window is that of lists, late events and restarts included', (kind) => {
  fc.assert(
    fc.property(cases, fc.constantFrom('each', 'conflated', 'before'), (input, how) => {
      const plan = planned(kind, input.graceMs, input.retentionMs, false, how === 'before');
      const lists = new Lists(input.graceMs);
      const ran = run(plan, input, how !== 'each', (event) => lists.add(kind, event));
      const last = new Map(ran.given.map((change) => [JSON.stringify([change.key, change.window]), lineOf(change)]));
      expect([...last.values()].sort()).toEqual(
        lists
          .all()
          .map((held) => rowOf(kind, held))
          .sort(),
      );
      expect(ran.late).toBe(lists.late);
      expect(ran.byKey).toEqual(ran.current);
      // What is open is there to be pulled, and what closed as long as it is retained.
      const kept = lists.streamTime - Math.max(size, size + input.graceMs + input.retentionMs);
      const due = lists
        .all()
        .filter((held) => held.start >= kept && (input.retentionMs > 0 || !lists.isOver(kind, held)));
      expect(ran.current).toEqual(expect.arrayContaining(due.map((held) => rowOf(kind, held))));
      expect(lists.all().map((held) => rowOf(kind, held))).toEqual(expect.arrayContaining([...ran.current]));
    }),
    { numRuns: 400 },
  );
});

test.each(kinds)('%s: EMIT FINAL gives each window once when it closes, in order of end and key', (kind) => {
  fc.assert(
    fc.property(cases, (input) => {
      const lists = new Lists(input.graceMs);
      const ran = run(planned(kind, input.graceMs, input.retentionMs, true, false), input, true, (event) =>
        lists.add(kind, event),
      );
      expect(ran.given.map(lineOf)).toEqual(
        lists
          .all()
          .filter((held) => lists.isOver(kind, held))
          .map((held) => rowOf(kind, held)),
      );
      expect(ran.late).toBe(lists.late);
      expect(ran.byKey).toEqual(ran.current);
    }),
    { numRuns: 400 },
  );
});
