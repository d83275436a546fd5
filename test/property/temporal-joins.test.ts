import { expect, test } from 'vitest';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { noEvents, type EventCounts } from '../../src/runtime/ports/counted-events.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { entryLimits } from '../../src/runtime/temporal/version-history.ts';
import { Random } from '../fuzz/random.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { openEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { StoredTopology } from '../support/stored-topology.ts';

/** A row of the stream (`n` is its number, `asOf` what it asks for), or a version (`n` is its value; null: deleted). */
interface Arrival {
  readonly isLeft: boolean;
  readonly key: string;
  readonly time: number;
  readonly asOf: number;
  readonly n: number | null;
}

/** What is joined as of a time: a table, a feature view of one, or (by ASOF) a stream. */
type Joined = 'table' | 'view' | 'stream';
const joinOf: { readonly [J in Joined]: string } = {
  table: 'LEFT JOIN r FOR SYSTEM_TIME AS OF l.asked AS r ON l.k = r.k',
  view: 'LEFT JOIN f FOR SYSTEM_TIME AS OF l.asked AS r ON l.k = r.k',
  stream: 'ASOF LEFT JOIN r ON l.k = r.k AND l.asked >= r.ROWTIME',
};

async function planned(historyMs: number, waitMs: number, joined: Joined = 'table'): Promise<PhysicalPlan> {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM l (k STRING KEY, n INT, asked BIGINT) WITH (kafka_topic='l', value_format='JSON', partitions=1);
    CREATE ${joined === 'stream' ? 'STREAM r (k STRING KEY' : 'TABLE r (k STRING PRIMARY KEY'}, v INT) WITH (kafka_topic='r', value_format='JSON', partitions=1, HISTORY='${historyMs} MILLISECONDS');
    ${joined === 'view' ? `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (HISTORY='${historyMs} MILLISECONDS') AS SELECT k, v FROM r;` : ''}
    CREATE STREAM j WITH (JOIN_WAIT='${waitMs} MILLISECONDS') AS SELECT l.k AS k, n, v FROM l ${joinOf[joined]};`);
  const query = [...engine.engine.catalog.queries.values()].at(-1)!;
  await engine.close();
  return query.plan;
}

interface Run {
  /** What each row of the stream met, in order of its number; every row leaves once. */
  readonly met: readonly (number | null)[];
  readonly order: readonly number[];
  readonly events: EventCounts;
}

/** Runs a join over arrivals in batches of random sizes, with restarts; at the end what waits leaves. */
function run(plan: PhysicalPlan, arrivals: readonly Arrival[], most: number, random: Random): Run {
  const events = { ...noEvents };
  const cacheBytes = random.pick([undefined, 1, 2000]);
  const topology = new StoredTopology(plan, {
    settings: { ...noConflation, cacheBytes },
    failures: {
      report: (message) => expect.fail(message),
      deadLetter: () => undefined,
      countEvent: (event) => {
        events[event]++;
      },
    },
  });
  const [left, right] = sourcesOf(plan);
  const names = plan.root.columns.map(({ name }) => name);
  const met = new Map<number, number | null>();
  const order: number[] = [];
  const take = (changes: Batch): void => {
    for (const { after } of rowsOf(changes)) {
      const [n, v] = [after![names.indexOf('N')] as number, after![names.indexOf('V')] as number | null];
      expect(met.has(n)).toBe(false);
      met.set(n, v);
      order.push(n);
    }
  };
  for (let from = 0; from < arrivals.length;) {
    const to = from + 1 + random.below(most);
    const batch = arrivals.slice(from, to).map(({ isLeft, key, time, asOf, n }, sequence) => {
      const source = (isLeft ? left : right)!;
      const valueOf = (read: string): string | number | null =>
        read === 'K' ? key : read === 'ASKED' ? asOf : read === 'ROWTIME' ? time : n;
      const row = !isLeft && n === null ? undefined : source.reads.map(valueOf);
      return { stepId: source.id, partition: 0, change: new Change([key], undefined, row, time, sequence) };
    });
    from = to;
    take(topology.running.process(batch) as Batch);
    if (random.below(3) === 0) continue;
    topology.store();
    if (random.below(3) === 0) topology.reopen();
  }
  take(topology.running.closeIdle(Infinity) as Batch);
  const rows = arrivals.filter(({ isLeft }) => isLeft);
  expect(met.size).toBe(rows.length);
  return { met: rows.map(({ n }) => met.get(n!)!), order, events };
}

const keys = ['a', 'b', 'c', 'ä/1'];

/** Arrivals whose times move on by steps; `back`: how far behind the greatest time one may be. */
function arrivalsOf(random: Random, count: number, back: number, step: number): Arrival[] {
  let now = 1000;
  let rows = 0;
  return Array.from({ length: count }, (): Arrival => {
    now += random.below(step);
    const isLeft = random.below(2) === 0;
    const time = Math.max(0, now - random.below(back + 1));
    const asOf = random.below(4) === 0 ? Math.max(0, time - random.below(3000)) : time;
    const n = isLeft ? rows++ : random.below(6) === 0 ? null : random.below(1000);
    return { isLeft, key: random.pick(keys), time, asOf, n };
  });
}

/** What each row of the stream meets when all that came before it is known, kept in lists: the latest version, or the last one to come. */
function byArrival(arrivals: readonly Arrival[], historyMs: number, isLast = false): Omit<Run, 'order'> {
  const versions: Arrival[] = [];
  let streamTime = -Infinity;
  let rightTime = -Infinity;
  const events = { ...noEvents };
  const met: (number | null)[] = [];
  for (const arrival of arrivals) {
    streamTime = Math.max(streamTime, arrival.time);
    if (!arrival.isLeft) {
      rightTime = Math.max(rightTime, arrival.time);
      versions.push(arrival);
      continue;
    }
    const { key, asOf } = arrival;
    let best: Arrival | undefined;
    for (const version of versions)
      if (version.key === key && version.time <= asOf && (isLast || best === undefined || version.time >= best.time))
        best = version;
    const isExpired = asOf < streamTime - historyMs;
    if (isExpired) events.temporal_join_expired++;
    else if (rightTime < asOf) events.temporal_join_behind++;
    met.push(isExpired ? null : (best?.n ?? null));
  }
  return { met, events };
}

test('without a wait a row meets what has come before it, whatever the batches, restarts and what is forgotten', async () => {
  const random = new Random(seedOf(21));
  for (const historyMs of [1500, 20_000, 86_400_000]) {
    const plan = await planned(historyMs, 0);
    for (let i = 0; i < runsOf(25); i++) {
      entryLimits.versions = random.pick([2, 5, 128]);
      // A version later than HISTORY may come behind a deletion that is forgotten.
      const back = random.pick([0, 50, Math.min(historyMs, 4000)]);
      const arrivals = arrivalsOf(random, 20 + random.below(600), back, random.pick([3, 100]));
      const { met, events } = run(plan, arrivals, random.pick([1, 5, 60, 700]), random);
      expect({ met, events }).toEqual(byArrival(arrivals, historyMs));
    }
  }
});

test('of a feature view of a table the last change of those that are not after the time is joined', async () => {
  const random = new Random(seedOf(25));
  for (const historyMs of [1500, 20_000, 86_400_000]) {
    const plan = await planned(historyMs, 0, 'view');
    for (let i = 0; i < runsOf(25); i++) {
      entryLimits.versions = random.pick([2, 5, 128]);
      const back = random.pick([0, 50, 4000, 100_000]);
      const arrivals = arrivalsOf(random, 20 + random.below(600), back, random.pick([3, 100]));
      const { met, events } = run(plan, arrivals, random.pick([1, 5, 60, 700]), random);
      expect({ met, events }).toEqual(byArrival(arrivals, historyMs, true));
    }
  }
});

const duck = await openDuckDb();

async function byDuckDb(arrivals: readonly Arrival[]): Promise<(number | null)[]> {
  if (typeof duck === 'string') return expect.fail(duck);
  const table = (name: string, rows: readonly string[]): string =>
    `CREATE OR REPLACE TABLE ${name} AS SELECT * FROM (VALUES ${rows.join()}) AS rows(k, time, n, arrival)`;
  const rowsOf = (isLeft: boolean): string[] =>
    arrivals.flatMap((arrival, i) =>
      arrival.isLeft === isLeft
        ? `('${arrival.key}', ${isLeft ? arrival.asOf : arrival.time}, ${arrival.n ?? 'NULL'}::INT, ${i})`
        : [],
    );
  await duck.run(table('l', ["('', 0, -1, -1)", ...rowsOf(true)]));
  await duck.run(table('r', ["('', 0, -1, -1)", ...rowsOf(false)]));
  const reader = await duck.runAndReadAll(
    `WITH one AS (SELECT * FROM r QUALIFY row_number() OVER (PARTITION BY k, time ORDER BY arrival DESC) = 1)
     SELECT one.n FROM l ASOF LEFT JOIN one ON l.k = one.k AND l.time >= one.time WHERE l.n >= 0 ORDER BY l.n`,
  );
  return reader.getRows().map(([n]) => n as number | null);
}

test('with a wait above the disorder of both sides the result is that of DuckDB over all rows', async ({ skip }) => {
  if (typeof duck === 'string') {
    expect(process.env['CI'], duck).toBeUndefined();
    skip(duck);
    return;
  }
  const random = new Random(seedOf(22));
  for (const [waitMs, joined] of [
    [20, 'table'],
    [1000, 'table'],
    [7000, 'table'],
    [1000, 'stream'],
  ] as const) {
    const plan = await planned(86_400_000, waitMs, joined);
    for (let i = 0; i < runsOf(25); i++) {
      entryLimits.versions = random.pick([2, 5, 128]);
      const back = random.below(waitMs);
      // The first two versions tell that they come out of order.
      const early = [900, 800].map((time): Arrival => ({ isLeft: false, key: 'none', time, asOf: 0, n: 1 }));
      const all = [...early, ...arrivalsOf(random, 20 + random.below(500), back, random.pick([3, 100]))];
      const arrivals = joined === 'stream' ? all.filter(({ n }) => n !== null) : all;
      expect(run(plan, arrivals, random.pick([1, 5, 60, 700]), random).met).toEqual(await byDuckDb(arrivals));
    }
  }
});

test('where each side comes in order a row waits no longer than for the other side, and meets what DuckDB finds', async ({
  skip,
}) => {
  if (typeof duck === 'string') {
    expect(process.env['CI'], duck).toBeUndefined();
    skip(duck);
    return;
  }
  const random = new Random(seedOf(23));
  const plan = await planned(86_400_000, 5000);
  for (let i = 0; i < runsOf(40); i++) {
    // The sides are behind each other by up to four seconds; a key has one version of a time.
    const all = arrivalsOf(random, 20 + random.below(400), 0, 60);
    const seen = new Set<string>();
    const once = all.filter(
      ({ isLeft, key, time }) => isLeft || (!seen.has(`${key}/${time}`) && seen.add(`${key}/${time}`)),
    );
    const lag = random.below(4000);
    const [left, right] = [once.filter(({ isLeft }) => isLeft), once.filter(({ isLeft }) => !isLeft)];
    const due = ({ isLeft, time }: Arrival): number => time + (isLeft ? 0 : lag);
    const arrivals = [...left, ...right].sort((a, b) => due(a) - due(b));
    const { met, order } = run(plan, arrivals, random.pick([1, 5, 60, 700]), random);
    expect(met).toEqual(await byDuckDb(arrivals));
    expect(order.toSorted((a, b) => a - b)).toEqual(left.map(({ n }) => n));
  }
});

test('the size of the batches never changes what leaves, nor its order', async () => {
  const random = new Random(seedOf(24));
  for (const waitMs of [0, 500]) {
    const plan = await planned(3000, waitMs);
    for (let i = 0; i < runsOf(30); i++) {
      const arrivals = arrivalsOf(random, 20 + random.below(200), random.pick([0, 400, 2000]), 50);
      const single = run(plan, arrivals, 1, random);
      expect(run(plan, arrivals, 150, random)).toEqual(single);
    }
  }
});
