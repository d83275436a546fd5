import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../fuzz/random.ts';
import { runsOf } from '../support/scale.ts';
import { KafkaNodes } from './kafka-nodes.ts';
import { EmbeddedNodes, type Nodes } from './nodes.ts';
import { isTable, outputs, schema, sources, type Event, type Source } from './workload.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    kafka: { type: 'boolean', default: false },
  },
});
const minutes = Math.min(runsOf(Number(values.minutes)), 120);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
/** Standby replicas on Kafka: with odd seeds. */
const standbys = seed % 2;
const settleMs = 90_000;
console.log(
  `seed ${seed}, ${minutes} minutes${values.kafka ? `, ${standbys} standbys` : ''}; run again with --seed ${seed}`,
);

const random = new Random(seed);
const fraction = (): number => random.next();
const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
const nodes: Nodes = values.kafka
  ? new KafkaNodes(folder, fraction, standbys)
  : new EmbeddedNodes(join(folder, 'state'), fraction);

/** The key of each row, by its number. */
const acknowledged = new Map<Source, Map<number, string>>(sources.map((name) => [name, new Map()]));
let [number, clock, refused, isOver] = [0, 1_700_000_000_000, 0, false];
/** Reads that were answered, that were refused, and what was wrong with answers. */
const reads = { whole: 0, refused: 0, wrong: [] as string[] };
/** After an insert that was not answered; it may still be on its way, and what comes next must come behind it. */
const behindMs = values.kafka ? 3000 : 20;
const keys = 9;

/** Reads a table from any node until the run is over. Once all keys have been there, each answer has all of them, once. */
async function read(): Promise<void> {
  let seenAt: number | undefined;
  while (!isOver) {
    try {
      const began = performance.now();
      const found = (await nodes.rows('SELECT k FROM counted;')).map(([k]) => k as string);
      const all = new Set(found).size === keys && found.length === keys;
      if (all) seenAt ??= performance.now();
      if (all || seenAt === undefined || began < seenAt + 3000) reads.whole++;
      else reads.wrong.push(`a read gave ${found.length} keys: ${found.sort().join(', ')}`);
    } catch {
      reads.refused++;
    }
    await sleep(50);
  }
}

/** Inserts rows until the run is over. What is refused or not answered may be there or not. */
async function produce(): Promise<void> {
  while (!isOver) {
    const into = random.pick(sources);
    const rows = Array.from({ length: 1 + random.below(12) }, () => ({
      n: number++,
      at: (clock += random.below(120)),
      key: into === 'o' ? `o${random.below(40)}` : `k${random.below(9)}`,
    }));
    const tuples = rows.map(({ n, at, key }) => `(${at}, '${key}', ${n}, 'k${random.below(9)}')`);
    try {
      await nodes.sql(`INSERT INTO ${into} (ROWTIME, k, n, text) VALUES ${tuples.join(', ')};`);
      for (const { n, key } of rows) acknowledged.get(into)!.set(n, key);
    } catch {
      refused++;
      await sleep(behindMs);
    }
    await sleep(random.below(20));
  }
}

/** Statements about queries, whose failure matters only at the end. */
async function queryIds(): Promise<string[]> {
  const [answer] = await nodes.sql('SHOW QUERIES;');
  return (answer!['queries'] as { readonly id: string }[]).map(({ id }) => id);
}
const statements: Readonly<Record<string, () => Promise<void>>> = {
  pause: async () => {
    const id = random.pick(await queryIds());
    await nodes.sql(`PAUSE ${id};`);
    await sleep(random.below(800));
    await nodes.sql(`RESUME ${id};`);
  },
  ddl: async () => {
    const name = `side_${number++}`;
    await nodes.sql(`CREATE TABLE ${name} AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;`);
    await sleep(random.below(500));
    await nodes.sql(`DROP TABLE IF EXISTS ${name} DELETE TOPIC;`);
  },
};

async function eventsOf(source: Source): Promise<Event[]> {
  const from = isTable(source) ? `${source}_log` : source;
  const rows = await nodes.rows(`SELECT k, n, ROWTIME, text FROM ${from};`);
  return rows.map(([k, n, at, text]) => ({ k, n, at, text }) as Event);
}
const text = (rows: readonly unknown[]): string => JSON.stringify(rows.map((row) => JSON.stringify(row)).sort());

/** Compares the sources with what was acknowledged and each output with its batch computation; returns what differs. */
async function differences(): Promise<string[]> {
  const events = Object.fromEntries(
    await Promise.all(sources.map(async (name) => [name, await eventsOf(name)] as const)),
  ) as Record<Source, Event[]>;
  const found: string[] = [];
  for (const name of sources) {
    const there = events[name].map(({ n }) => n);
    const held = new Set(there);
    // Compaction may have removed a row of a table that another one followed.
    const newest = new Map(isTable(name) ? events[name].map(({ k, n }) => [k, n]) : []);
    const lost = [...acknowledged.get(name)!]
      .filter(([n, key]) => !held.has(n) && n > (newest.get(key) ?? -1))
      .map(([n]) => n);
    if (lost.length > 0)
      found.push(`${name}: ${lost.length} acknowledged rows are lost: ${lost.slice(0, 5).join(', ')}`);
    if (held.size < there.length) found.push(`${name}: ${there.length - held.size} rows are there twice`);
  }
  for (const [name, { read, expected }] of Object.entries(outputs)) {
    const [want, have] = [expected(events), await nodes.rows(read)];
    if (text(want) === text(have)) continue;
    const keys = new Set(have.map((row) => JSON.stringify(row)));
    const missing = want.filter((row) => !keys.has(JSON.stringify(row)));
    found.push(
      `${name}: ${have.length} rows where ${want.length} are right; missing ${JSON.stringify(missing.slice(0, 3))}`,
    );
  }
  return found;
}

async function run(): Promise<string[]> {
  await nodes.start();
  await nodes.sql(schema);
  for (const { create } of Object.values(outputs)) await nodes.sql(create);
  const end = performance.now() + minutes * 60_000;
  const producing = Promise.all([produce(), read()]);
  const gaps = new Map<string, number[]>();
  while (performance.now() < end) {
    await sleep(200 + random.below(1500));
    const isFault = random.below(3) > 0;
    const [name, act] = random.pick(Object.entries(isFault ? nodes.faults : statements));
    const began = performance.now();
    await (isFault ? act() : act().catch(() => undefined));
    gaps.set(name, [...(gaps.get(name) ?? []), Math.round(performance.now() - began)]);
  }
  isOver = true;
  await producing;
  for (const id of await queryIds()) await nodes.sql(`RESUME ${id};`).catch(() => undefined);
  let found: string[] = [];
  for (const until = performance.now() + settleMs; performance.now() < until; await sleep(500)) {
    found = await differences().catch((error: unknown) => [String(error)]);
    if (found.length === 0) break;
  }
  for (const [name, took] of gaps) console.log(`${name}: ${took.length} times, longest ${Math.max(...took)} ms`);
  const rows = [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  console.log(`${rows} rows acknowledged, ${refused} statements refused`);
  console.log(`${reads.whole} reads answered, ${reads.refused} refused`);
  return [...found, ...reads.wrong.slice(0, 5)];
}

const found = await run().catch((error: unknown) => [`the run ended: ${String(error)}`]);
await nodes.stop();
// The broker may still write while it ends.
if (found.length === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
for (const difference of found) console.log(`DIFFERS ${difference}`);
console.log(found.length === 0 ? '0 lost, 0 twice' : `state kept in ${folder}`);
process.exitCode = found.length === 0 ? 0 : 1;
