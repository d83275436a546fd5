import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EmbeddedNode } from '../../src/adapters/embedded/embedded-node.ts';
import { logDefaults } from '../../src/adapters/embedded/log-entries.ts';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, TIMESTAMP, type Row } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { produceRows, type Produced } from '../support/view-kinds.ts';

const users = ['a', 'b', 'c', 'ü|x', ''];
const ttl = "STATE_TTL='4 SECONDS'";

/** Views whose rows are deleted one day, and the feature that is read of them. `options` stands in WITH. */
const views: Readonly<Record<string, (options: string) => string>> = {
  groups: (options) =>
    `CREATE FEATURE VIEW groups ENTITY KEY (u) WITH (${ttl}, ${options}) AS SELECT u, SUM(v) AS f FROM s GROUP BY u;`,
  timed: (options) =>
    `CREATE FEATURE VIEW timed ENTITY KEY (u) TIMESTAMP newest WITH (${ttl}, ${options}) AS
      SELECT u, COUNT(*) AS f, MAX(ts) AS newest FROM s GROUP BY u HAVING COUNT(*) <> 2;`,
  first_two: (options) =>
    `CREATE FEATURE VIEW first_two ENTITY KEY (u, place) WITH (KEY_FORMAT='JSON', ${ttl}, ${options}) AS
      SELECT u, ROW_NUMBER() OVER (PARTITION BY u ORDER BY v DESC) AS place, v AS f FROM s QUALIFY place <= 2;`,
  firsts: (options) =>
    `CREATE FEATURE VIEW firsts ENTITY KEY (u) TIMESTAMP ts WITH (${ttl}, ${options}) AS
      SELECT u, ts, v AS f FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY ts) = 1;`,
  of_table: (options) =>
    `CREATE FEATURE VIEW of_table ENTITY KEY (u) WITH (${options}) AS SELECT u, v AS f FROM t WHERE v > 2;`,
};
const names = Object.keys(views);
/** A stream is not keyed as its view is: a join of two streams would bring them together. */
const joined = names.filter((name) => name !== 'first_two');
const joinOn = (name: string, at: string, of: string): string =>
  `LEFT JOIN ${name} FOR SYSTEM_TIME AS OF ${at} AS v ON ${of}.u = v.u${name === 'first_two' ? ` AND ${of}.place = v.place` : ''}`;

interface Event {
  readonly u: string;
  readonly ts: number;
  readonly v: number;
  /** A row of the table is deleted. */
  readonly isDeleted: boolean;
}
/** Users come again before and after they were forgotten, late ones among them. */
function randomEvents(random: Random): Event[] {
  let clock = 1_000_000;
  return Array.from({ length: 30 }, () => {
    clock += random.pick([0, 0, 300, 900, 2500, 4000, 6000]);
    const late = random.pick([0, 0, 0, 500, 3000, 7000]);
    return { u: random.pick(users), ts: clock - late, v: random.below(9), isDeleted: random.below(4) === 0 };
  });
}

/** What a view serves of each user. */
async function served(node: TestEngine, name: string): Promise<unknown[]> {
  const places = name === 'first_two' ? { place: users.map(() => 1) } : {};
  const request = { features: [`${name}:f`], entities: { u: users, ...places }, fullFeatureNames: false };
  return (await onlineFeatures(request, node.engine, 0))
    .at(-1)!
    .values.map((value) => (value === null ? null : Number(value)));
}

/** The features of a join, in the order of its rows. */
async function answered(node: TestEngine, topic: string): Promise<unknown[]> {
  const reader = await node.engine.node.openReader(topic, 'beginning');
  const values: unknown[] = [];
  for (let records; (records = await reader.poll(1000, 0)).length > 0;)
    for (const { value } of records) values.push((JSON.parse(value!.toString()) as { F: unknown }).F);
  reader.close();
  return values;
}

/** The rows of a table come in order of time. */
async function feed(node: TestEngine, { u, ts, v, isDeleted }: Event, clock: number): Promise<void> {
  await produceRows(node, 's', [[u, ts, { ts, v }]]);
  await produceRows(node, 't', [[u, clock, isDeleted ? null : { v }]] satisfies Produced[]);
  await node.settle();
}

test('what was served at a time is in a training set and in a join as of that time, also when it was forgotten', async () => {
  const random = new Random(seedOf(97));
  const encode = await parquetEncoder([
    { name: 'n', type: BIGINT },
    { name: 'u', type: STRING },
    { name: 'place', type: BIGINT },
    { name: 'ts', type: TIMESTAMP },
  ]);
  let gone = 0;
  for (let trial = 0; trial < runsOf(4); trial++) {
    // With files the topics keep their rows for no time at all, which joins need.
    const hasFiles = trial % 2 === 0;
    const joins = hasFiles ? [] : joined;
    const path = newFolder();
    const disk = { settings: { ...logDefaults, segmentBytes: 1, minRatio: 0, backoffMs: 1e9, deleteRetentionMs: 0 } };
    let node = await openEngine(undefined, {}, undefined, disk);
    const options = (name: string): string =>
      !hasFiles
        ? "OWNER='x'"
        : `${name === 'firsts' ? '' : "HISTORY='1 MILLISECOND', "}OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/${name}', ROWS_PER_FILE=${1 + random.below(4)}, ROLL_INTERVAL='1 SECOND'`;
    await node.run(`CREATE STREAM s (u STRING KEY, ts BIGINT, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');
      CREATE TABLE t (u STRING PRIMARY KEY, v INT) WITH (kafka_topic='t', partitions=1, value_format='JSON');
      CREATE STREAM q (u STRING KEY, n INT) WITH (kafka_topic='q', partitions=1, value_format='JSON');
      ${names.map((name) => views[name]!(options(name))).join('\n')}
      ${joins.map((name) => `CREATE STREAM j_${name} AS SELECT q.u, q.n AS n, v.f AS f FROM q ${joinOn(name, 'q.ROWTIME', 'q')};`).join('\n')}`);
    const events = randomEvents(random);
    const expected = new Map<string, unknown[]>(names.map((name) => [name, []]));
    const asked: { readonly u: string; readonly ts: number }[] = [];
    let clock = 0;
    for (const [i, event] of events.entries()) {
      clock = Math.max(clock, event.ts);
      await feed(node, event, clock);
      if (i === 15) {
        await node.close();
        node = await openEngine(node.folder, {}, undefined, disk);
        await node.settle();
      }
      // What comes late counts as of its own time too, where a read did not know of it yet.
      const isKnown = users.map((u) => !events.slice(i + 1).some((later) => later.u === u && later.ts <= clock));
      if (events[i + 1] !== undefined && events[i + 1]!.ts <= clock) continue;
      for (const name of names) expected.get(name)!.push(...(await served(node, name)).filter((_, at) => isKnown[at]));
      asked.push(...users.filter((_, at) => isKnown[at]).map((u) => ({ u, ts: clock })));
    }
    for (const name of names) {
      const [{ verification: report }] = (await node.run(`VERIFY FEATURE VIEW ${name};`)) as [
        { verification: VerificationReport },
      ];
      expect([name, report.result, report.differences]).toEqual([name, 'CONSISTENT', []]);
    }
    await produceRows(
      node,
      'q',
      asked.map(({ u, ts }, n): Produced => [u, ts, { n }]),
    );
    await node.settle();
    for (const name of joins)
      expect({ name, events, values: await answered(node, `J_${name.toUpperCase()}`) }).toEqual({
        name,
        events,
        values: expected.get(name),
      });
    const spine = join(path, 'spine.parquet');
    writeFileSync(spine, encode(asked.map(({ u, ts }, n): Row => [n, u, 1, ts])));
    // What compaction has removed from the topics is in the files.
    if (hasFiles) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await (node.engine.node as EmbeddedNode).compact();
    }
    for (const name of names)
      await node.run(`CREATE TRAINING SET of_${name} WITH (PATH='${path}/of_${name}') AS
        SELECT l.n, v.f FROM FILE('${spine}') AS l ${joinOn(name, 'l.ts', 'l')};`);
    const duckdb = await duckDb();
    for (const name of names) {
      await node.engine.trainingJobs.get(`OF_${name.toUpperCase()}`)!.done;
      const rows = await rowsOf(duckdb, `SELECT F FROM read_parquet('${path}/of_${name}/part-*.parquet') ORDER BY N`);
      const values = rows.map((row) => ((row as unknown[])[0] === null ? null : Number((row as unknown[])[0])));
      expect({ name, events, asked, values }).toEqual({ name, events, asked, values: expected.get(name) });
      gone += values.filter((value, i) => value === null && values.slice(0, i).some((each) => each !== null)).length;
    }
    await node.close();
  }
  expect(gone).toBeGreaterThan(100);
}, 600_000);

test('an entity that is deleted is not in the files that tell what was forgotten either', async () => {
  const path = newFolder();
  const node = await openEngine();
  await node.run(`CREATE STREAM s (u STRING KEY, ts BIGINT, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');
    ${views['groups']!(`OFFLINE_STORE='parquet', OFFLINE_PATH='${path}', ROWS_PER_FILE=1, ROLL_INTERVAL='1 SECOND'`)}`);
  const forgotten = (): string[] =>
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.deleted'))
      .sort();
  const users = async (): Promise<unknown[]> =>
    await rowsOf(
      await duckDb(),
      `SELECT U, epoch_ms(event_timestamp)::INT FROM read_parquet('${path}/_deleted/*.deleted') ORDER BY 1`,
    );
  await produceRows(node, 's', [
    ['one', 1000, { v: 1 }],
    ['two', 2000, { v: 2 }],
    ['three', 60_000, { v: 3 }],
  ]);
  await node.settle();
  await expect.poll(forgotten).toEqual(['_deleted/p0-2-2.deleted', '_deleted/p0-3-3.deleted']);
  expect(await users()).toEqual([
    ['one', 5000],
    ['two', 6000],
  ]);
  await node.run("DELETE ENTITY 'one' FROM FEATURE VIEW groups;");
  expect(await users()).toEqual([['two', 6000]]);
  // The record that deletes it in the view's topic is none of these.
  await produceRows(node, 's', [['four', 61_000, { v: 4 }]]);
  await node.settle();
  await expect.poll(() => dataFiles(path).length).toBe(4);
  expect(await users()).toEqual([['two', 6000]]);
  await node.close();
});
