import { expect, test } from 'vitest';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import type { Row } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { openEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { StoredTopology } from '../support/stored-topology.ts';

interface Event {
  readonly key: string;
  readonly value: string | null;
  readonly n: number;
  readonly time: number;
  /** A table's row is deleted. */
  readonly isDeleted: boolean;
}
/** A change of the result: its row before, undefined for none, the row after it, and the time. */
type Told = readonly [key: Row, before: Row | undefined, after: Row | undefined, time: number];

async function planOf(sql: string): Promise<PhysicalPlan> {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM s (k STRING KEY, v STRING, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE TABLE t (k STRING PRIMARY KEY, v STRING, n INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
    ${sql}`);
  const { plan } = [...engine.engine.catalog.queries.values()].at(-1)!;
  await engine.close();
  return plan;
}

/** What a query tells of events that come in batches of random sizes, with restarts. */
function run(plan: PhysicalPlan, events: readonly Event[], random: Random, conflate = false): Told[] {
  const [read] = sourcesOf(plan);
  const topology = new StoredTopology(plan, { settings: { ...noConflation, conflate } });
  const told = topology.feed(read!.id, events, random, ({ key, value, n, time, isDeleted }, sequence) => {
    const values: Record<string, unknown> = { K: key, V: value, N: n, ROWTIME: time };
    const row = read!.reads.map((name) => (values[name] ?? null) as never);
    const isTable = read!.op === 'tableSource';
    const after = isTable && isDeleted ? undefined : row;
    return new Change([key], undefined, after, time, sequence);
  });
  return told.map(({ key, before, after, timestamp }) => [key, before, after, timestamp]);
}

/** A few keys, so that they are touched again, at times that stand still, go back and leap over a time to live. */
function randomEvents(random: Random): Event[] {
  let time = random.below(3);
  const keys = 1 + random.below(12);
  return Array.from({ length: random.below(120) }, (_, n) => {
    time += random.pick([0, 0, 1, 1, 2, 5, random.below(60)]);
    return {
      key: `k${random.below(keys)}`,
      value: random.pick(['p', 'q', 'r', null]),
      n: random.below(9) === 0 ? n : random.below(6),
      time: Math.max(0, time - (random.below(4) === 0 ? random.below(70) : 0)),
      isDeleted: random.below(4) === 0,
    };
  });
}

/** Forgets keys by a search over all of them for every event. */
class Touches {
  readonly #ttlMs: number;
  readonly #touched = new Map<string, number>();
  /** When a key came that was not there: it is not older than that. */
  readonly #began = new Map<string, number>();
  #streamTime = 0;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }
  /** The keys that end by the time, and when, in order. */
  at(time: number): [key: string, end: number][] {
    this.#streamTime = Math.max(this.#streamTime, time);
    const ended = [...this.#touched]
      .map(([key, touched]): [string, number] => [key, touched + this.#ttlMs])
      .filter(([, end]) => end <= this.#streamTime)
      .sort(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1));
    for (const [key] of ended) this.#touched.delete(key);
    return ended;
  }
  /** A key is touched; gives its time, from those of its rows. */
  touch(key: string, times: readonly number[]): number {
    if (!this.#touched.has(key)) this.#began.set(key, this.#streamTime);
    this.#touched.set(key, this.#streamTime);
    return Math.max(this.#began.get(key)!, ...times);
  }
}

/** COUNT and SUM of groups, in full. */
function groupsByHand(events: readonly Event[], by: 'key' | 'value', ttlMs: number): Told[] {
  const touches = new Touches(ttlMs);
  const groups = new Map<string, Event[]>();
  const told: Told[] = [];
  const rowOf = (key: string): Row | undefined => {
    const all = groups.get(key);
    return all && [key, all.length, all.reduce((sum, { n }) => sum + n, 0)];
  };
  for (const event of events) {
    const key = event[by];
    if (key === null) continue;
    for (const [ended, time] of touches.at(event.time)) {
      told.push([[ended], rowOf(ended), undefined, time]);
      groups.delete(ended);
    }
    const before = rowOf(key);
    groups.set(key, [...(groups.get(key) ?? []), event]);
    const time = touches.touch(
      key,
      groups.get(key)!.map(({ time }) => time),
    );
    told.push([[key], before, rowOf(key), time]);
  }
  return told;
}

/** The first two rows of each partition, and their shares, in full. */
function firstByHand(events: readonly Event[], ttlMs: number): Told[] {
  const touches = new Touches(ttlMs);
  const parts = new Map<string, Event[]>();
  const told: Told[] = [];
  const rowsOfPart = (key: string): Row[] => {
    const all = parts.get(key) ?? [];
    const sorted = [...all].sort((a, b) => b.n - a.n || all.indexOf(a) - all.indexOf(b));
    const share = (n: number): number =>
      all.length === 1 ? 0 : all.filter((other) => other.n > n).length / (all.length - 1);
    return sorted.slice(0, 2).map(({ n, time }, i) => [key, i + 1, n, share(n), time]);
  };
  const difference = (before: readonly Row[], after: readonly Row[], time: number): void => {
    for (let i = 0; i < Math.max(before.length, after.length); i++)
      if (JSON.stringify(before[i]) !== JSON.stringify(after[i]))
        told.push([(before[i] ?? after[i])!.slice(0, 2), before[i], after[i], time]);
  };
  for (const event of events) {
    const { key } = event;
    for (const [ended, time] of touches.at(event.time)) {
      difference(rowsOfPart(ended), [], time);
      parts.delete(ended);
    }
    const before = rowsOfPart(key);
    parts.set(key, [...(parts.get(key) ?? []), event]);
    const time = touches.touch(
      key,
      parts.get(key)!.map(({ time }) => time),
    );
    difference(before, rowsOfPart(key), time);
  }
  return told;
}

/** What a table has in the end, from its changes. */
function folded(told: readonly Told[]): string[] {
  const rows = new Map<string, string>();
  for (const [key, , after] of told) {
    if (after === undefined) rows.delete(JSON.stringify(key));
    else rows.set(JSON.stringify(key), JSON.stringify(after));
  }
  return [...rows.values()].sort();
}

type ByHand = (events: readonly Event[], ttlMs: number) => Told[];
const queries: Record<string, readonly [sql: string, byHand: ByHand]> = {
  groups: [
    `SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k`,
    (events, ttlMs) => groupsByHand(events, 'key', ttlMs),
  ],
  'groups by another column': [
    `SELECT v, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY v`,
    (events, ttlMs) => groupsByHand(events, 'value', ttlMs),
  ],
  'groups with HAVING': [
    `SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k HAVING COUNT(*) <> 2`,
    (events, ttlMs) => {
      const keep = (row: Row | undefined): Row | undefined => (row?.[1] === 2 ? undefined : row);
      return groupsByHand(events, 'key', ttlMs)
        .map(([key, before, after, time]): Told => [key, keep(before), keep(after), time])
        .filter(([, before, after]) => before !== undefined || after !== undefined);
    },
  ],
  'distinct rows': [
    `SELECT DISTINCT v FROM s`,
    (events, ttlMs) =>
      groupsByHand(events, 'value', ttlMs)
        .filter(([, before, after]) => before === undefined || after === undefined)
        .map(([key, before, after, time]): Told => [key, before?.slice(0, 1), after?.slice(0, 1), time]),
  ],
  'the first rows': [
    `SELECT k, ROW_NUMBER() OVER w AS place, n, PERCENT_RANK() OVER w AS share, ROWTIME AS came FROM s WINDOW w AS (PARTITION BY k ORDER BY n DESC) QUALIFY place <= 2`,
    firstByHand,
  ],
};

test.each(Object.keys(queries))(
  '%s: what is not touched for STATE_TTL is deleted, as by a search for every row',
  async (name) => {
    const [sql, byHand] = queries[name]!;
    const random = new Random(seedOf(83));
    let forgotten = 0;
    // A time to live of a bucket a millisecond, and of greater ones.
    for (const ttlMs of [1, 7, 50, 64, 65, 150]) {
      const plan = await planOf(
        `CREATE TABLE r WITH (KEY_FORMAT='JSON', STATE_TTL='${ttlMs} MILLISECONDS') AS ${sql};`,
      );
      for (let i = 0; i < runsOf(40); i++) {
        const events = randomEvents(random);
        const wanted = byHand(events, ttlMs);
        expect(run(plan, events, random), JSON.stringify(events)).toEqual(wanted);
        // Where rows are held back until the end of a batch the last ones are the same.
        expect(folded(run(plan, events, random, true))).toEqual(folded(wanted));
        forgotten += wanted.filter(([, , after]) => after === undefined).length;
      }
    }
    expect(forgotten).toBeGreaterThan(100);
  },
);

/** Groups of a table's rows: a group is forgotten when it has had no rows for so long. */
function tableGroupsByHand(events: readonly Event[], ttlMs: number): string[] {
  const rows = new Map<string, Event>();
  const emptied = new Map<string, number>();
  const known = new Set<string>();
  let streamTime = 0;
  for (const event of events) {
    const former = rows.get(event.key);
    if (event.isDeleted) rows.delete(event.key);
    else rows.set(event.key, event);
    const touched = [former?.value, event.isDeleted ? undefined : event.value].filter(
      (value) => typeof value === 'string',
    );
    if (touched.length === 0) continue;
    streamTime = Math.max(streamTime, event.time);
    for (const [group, since] of emptied)
      if (since + ttlMs <= streamTime) {
        emptied.delete(group);
        known.delete(group);
      }
    for (const group of touched) {
      known.add(group);
      emptied.delete(group);
      if (![...rows.values()].some(({ value }) => value === group)) emptied.set(group, streamTime);
    }
  }
  return [...known]
    .map((group) => JSON.stringify([group, [...rows.values()].filter(({ value }) => value === group).length]))
    .sort();
}

test('a group of a table is forgotten when it has had no rows for STATE_TTL', async () => {
  const random = new Random(seedOf(84));
  for (const ttlMs of [1, 20, 100]) {
    const plan = await planOf(
      `CREATE TABLE r WITH (STATE_TTL='${ttlMs} MILLISECONDS') AS SELECT v, COUNT(*) AS c FROM t GROUP BY v;`,
    );
    for (let i = 0; i < runsOf(60); i++) {
      const events = randomEvents(random);
      const wanted = tableGroupsByHand(events, ttlMs);
      for (const conflate of [false, true])
        expect(folded(run(plan, events, random, conflate)), JSON.stringify(events)).toEqual(wanted);
    }
  }
});

test.each(['groups', 'the first rows'])('%s: nothing stays of keys that were forgotten', async (name) => {
  const plan = await planOf(
    `CREATE TABLE r WITH (KEY_FORMAT='JSON', STATE_TTL='100 MILLISECONDS') AS ${queries[name]![0]};`,
  );
  const topology = new StoredTopology(plan);
  const [read] = sourcesOf(plan);
  const sizes: number[] = [];
  for (let batch = 0; batch < 60; batch++) {
    const changes = Array.from({ length: 50 }, (_, i) => {
      const time = batch * 50 + i;
      const values: Record<string, unknown> = { K: `k${time}`, V: 'p', N: i, ROWTIME: time };
      const row = read!.reads.map((column) => values[column] as never);
      return { stepId: read!.id, partition: 0, change: new Change([`k${time}`], undefined, row, time, i) };
    });
    rowsOf(topology.running.process(changes) as Batch);
    topology.store();
    sizes.push(topology.entries);
    if (batch % 7 === 0) topology.reopen();
  }
  // A key a millisecond: there are those of the last 100, each with its place in a bucket, and a few of the store itself.
  for (const size of sizes.slice(4)) expect(size).toBeLessThan(2 * 100 + 10);
});

test('a key that came again before a restart does not hold back those that end before it', async () => {
  const plan = await planOf(`CREATE TABLE r WITH (STATE_TTL='6400 MILLISECONDS') AS ${queries['groups']![0]};`);
  const topology = new StoredTopology(plan);
  const [read] = sourcesOf(plan);
  const told: string[] = [];
  const come = (key: string, time: number): void => {
    const values: Record<string, unknown> = { K: key, N: 1, ROWTIME: time };
    const row = read!.reads.map((column) => values[column] as never);
    const change = new Change([key], undefined, row, time, 0);
    const output = topology.running.process([{ stepId: read!.id, partition: 0, change }]) as Batch;
    for (const { key: group, after, timestamp } of rowsOf(output))
      if (after === undefined) told.push(`${String(group)}@${timestamp}`);
  };
  // A bucket is 100 ms: the first two keys are in one, which has ended in part when the store is opened again.
  for (const [key, time] of [
    ['a', 10],
    ['b', 90],
    ['c', 150],
    ['a', 6420],
  ] as const)
    come(key, time);
  topology.store();
  topology.reopen();
  come('z', 6500);
  come('z', 6550);
  expect(told).toEqual(['a@6410', 'b@6490', 'c@6550']);
});
