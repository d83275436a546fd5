import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, TIMESTAMP, type Row } from '../../src/types/sql-type.ts';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf } from '../support/scale.ts';

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly rows: number | null;
  readonly error: string | null;
}
const shown = async (node: TestEngine): Promise<readonly Shown[]> =>
  ((await node.run('SHOW TRAINING SETS;')) as { trainingSets: Shown[] }[])[0]!.trainingSets;
async function made(node: TestEngine, name: string): Promise<void> {
  await node.engine.trainingJobs.get(name)!.done;
  const set = (await shown(node)).find((each) => each.name === name)!;
  expect([set.state, set.error]).toEqual(['DONE', null]);
}
type Produced = readonly [key: string | null, time: number, value: object];
const produce = (node: TestEngine, topic: string, rows: readonly Produced[]): Promise<unknown> =>
  node.engine.node.produce(
    topic,
    rows.map(([key, timestamp, value]) => ({ key, value: JSON.stringify(value), timestamp, partition: undefined })),
  );
const manifestOf = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(path, '_manifest.json'), 'utf8')) as Record<string, unknown>;

const hour = 3_600_000;
/** The example of the reference, whose features are of the 1st of January at so many o'clock. */
const at = (clock: number): number => Date.UTC(2026, 0, 1) + clock * hour;
const spineSql =
  "CREATE STREAM labels (rid INT, u STRING, ts BIGINT, y INT) WITH (kafka_topic='labels', partitions=1, value_format='JSON');";
const labels: readonly Produced[] = [
  [1, 'a', 10, 1],
  [2, 'a', 13, 0],
  [3, 'b', 10, 0],
  [4, 'zz', 10, 0],
  [5, 'a', 7, 1],
].map(([rid, u, clock, y]): Produced => [null, rid as number, { rid, u, ts: at(clock as number), y }]);

test('the row of the time, TTL at both ends, every row of the spine kept (feast#2960, #1611)', async () => {
  const node = await openEngine();
  const path = newFolder();
  await node.run(`${spineSql}
    CREATE STREAM f (u STRING KEY, ts BIGINT, v DOUBLE) WITH (kafka_topic='f', partitions=2, value_format='JSON');
    CREATE FEATURE VIEW fv ENTITY KEY (u) TIMESTAMP ts TTL 2 HOURS AS SELECT u, ts, v FROM f EMIT CHANGES;`);
  await produce(node, 'labels', labels);
  await produce(node, 'f', [
    ['a', 1, { ts: at(8), v: 1 }],
    ['a', 2, { ts: at(10), v: 2 }],
    ['a', 3, { ts: at(10), v: 3 }],
    ['b', 4, { ts: at(10) + 1, v: 9 }],
  ]);
  await node.settle();
  await node.run(`CREATE TRAINING SET t WITH (PATH='${path}', LABEL='y') AS
    SELECT l.rid, l.y, v.v, v.ROWTIME AS since FROM labels l LEFT JOIN fv FOR SYSTEM_TIME AS OF l.ts AS v ON l.u = v.u;
    CREATE TRAINING SET inner_t WITH (PATH='${path}/inner') AS
    SELECT l.rid, v.v FROM labels l JOIN fv FOR SYSTEM_TIME AS OF l.ts AS v ON l.u = v.u;
    CREATE TRAINING SET gap WITH (PATH='${path}/gap') AS
    SELECT l.rid, v.v FROM labels l LEFT JOIN fv FOR SYSTEM_TIME AS OF l.ts - 1 AS v ON l.u = v.u WHERE l.rid <= 2;`);
  for (const name of ['T', 'INNER_T', 'GAP']) await made(node, name);
  const duckdb = await duckDb();
  const read = (folder: string, columns = 'RID, V'): Promise<unknown[]> =>
    rowsOf(duckdb, `SELECT ${columns} FROM read_parquet('${folder}/part-*.parquet') ORDER BY RID`);
  expect(await read(path, 'RID, Y, V, SINCE')).toEqual([
    [1, 1, 3, String(at(10))],
    [2, 0, null, null],
    [3, 0, null, null],
    [4, 0, null, null],
    [5, 1, null, null],
  ]);
  expect(await read(`${path}/inner`)).toEqual([[1, 3]]);
  expect(await read(`${path}/gap`)).toEqual([
    [1, 1],
    [2, null],
  ]);
  const manifest = manifestOf(path);
  expect(manifest).toMatchObject({ name: 'T', label: 'Y', rows: 5, spineRows: 5, historyRows: 4, asKnown: false });
  const [file] = manifest['files'] as { name: string; rows: number; sha256: string }[];
  expect(file).toEqual({
    name: 'part-00000.parquet',
    rows: 5,
    sha256: createHash('sha256')
      .update(readFileSync(join(path, 'part-00000.parquet')))
      .digest('hex'),
  });
  expect((manifest['columns'] as unknown[])[2]).toEqual({ name: 'V', type: 'DOUBLE', nullRate: 0.8, min: 3, max: 3 });
  await node.close();
});

test('AS_KNOWN leaves out what was not known at the time; files and what the topic has beyond them are one history', async () => {
  const node = await openEngine();
  const path = newFolder();
  await node.run(`${spineSql}
    CREATE STREAM f (u STRING KEY, ts BIGINT, v DOUBLE) WITH (kafka_topic='f', partitions=1, value_format='JSON');
    CREATE FEATURE VIEW fv ENTITY KEY (u) TIMESTAMP ts
      WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/fv', ROWS_PER_FILE=2) AS SELECT u, ts, v FROM f EMIT CHANGES;`);
  const before = Date.now();
  await produce(node, 'f', [
    ['a', 1, { ts: 1000, v: 1 }],
    ['a', 2, { ts: 2000, v: 2 }],
  ]);
  for (let i = 0; i < 400 && dataFiles(`${path}/fv`).length < 1; i++) await new Promise((done) => setTimeout(done, 25));
  const between = Date.now() + 1;
  await new Promise((done) => setTimeout(done, 5));
  await produce(node, 'f', [['a', 3, { ts: 2000, v: 3 }]]);
  await produce(node, 'labels', [
    [null, 1, { rid: 1, u: 'a', ts: before - 1 }],
    [null, 2, { rid: 2, u: 'a', ts: between }],
    [null, 3, { rid: 3, u: 'a', ts: between + 1e9 }],
  ]);
  await node.settle();
  const query = 'SELECT l.rid, v.v FROM labels l LEFT JOIN fv FOR SYSTEM_TIME AS OF l.ts AS v ON l.u = v.u';
  await node.run(`CREATE TRAINING SET known WITH (PATH='${path}/known', AS_KNOWN=TRUE) AS ${query};
    CREATE TRAINING SET later WITH (PATH='${path}/later') AS ${query};`);
  for (const name of ['KNOWN', 'LATER']) await made(node, name);
  const duckdb = await duckDb();
  const values = (folder: string): Promise<unknown[]> =>
    rowsOf(duckdb, `SELECT V FROM read_parquet('${path}/${folder}/part-*.parquet') ORDER BY RID`);
  expect(await values('known')).toEqual([[null], [2], [3]]);
  expect(await values('later')).toEqual([[3], [3], [3]]);
  expect(manifestOf(`${path}/later`)).toMatchObject({ knownLater: 2, historyRows: 3 });
  await node.close();
});

test('a set replaces its own files, once all of the new ones are written, and none of a folder below', async () => {
  const node = await openEngine();
  const path = newFolder();
  await node.run(spineSql);
  await produce(node, 'labels', labels.slice(0, 1));
  const create = (folder: string, name: string): Promise<unknown> =>
    node.run(
      `CREATE OR REPLACE TRAINING SET ${name} WITH (PATH='${folder}', MODE='OVERWRITE') AS SELECT rid FROM labels;`,
    );
  await create(join(path, 'below'), 'inner_t');
  await made(node, 'INNER_T');
  await create(path, 't');
  await made(node, 'T');
  const both = ['below/part-00000.parquet', 'part-00000.parquet'];
  expect(dataFiles(path)).toEqual(both);
  // A folder stands where the manifest is to be written.
  mkdirSync(join(path, '_staged', '_manifest.json.tmp'));
  await create(path, 't');
  await node.engine.trainingJobs.get('T')!.done;
  expect((await shown(node)).find(({ name }) => name === 'T')).toMatchObject({ state: 'ERROR' });
  expect(dataFiles(path)).toEqual(both);
  expect(manifestOf(path)).toMatchObject({ name: 'T', rows: 1 });
  await node.close();
});

interface Feature {
  readonly k: string | null;
  readonly ts: number;
  readonly v: number | null;
}
interface Asked {
  readonly k: string | null;
  readonly ts: number | null;
}
const keys = fc.option(fc.constantFrom('a', 'b', 'ü|x', ''), { freq: 9 });
const times = fc.integer({ min: -20, max: 60 });
const features = fc.array(
  fc.record<Feature>({ k: keys, ts: times, v: fc.option(fc.integer({ min: 0, max: 1000 }), { freq: 6 }) }),
  { maxLength: 60 },
);
const spines = fc.array(fc.record<Asked>({ k: keys, ts: fc.option(times, { freq: 9 }) }), { maxLength: 40 });

test('is what DuckDB joins ASOF: ties, late rows, nulls, expired and future ones, from files, topics and both', async () => {
  const duckdb = await duckDb();
  const encode = await parquetEncoder([
    { name: 'n', type: BIGINT },
    { name: 'k', type: STRING },
    { name: 'ts', type: TIMESTAMP },
  ]);
  for (const [trial, [rows, spine, ttl, perFile]] of fc
    .sample(fc.tuple(features, spines, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 })), runsOf(12))
    .entries()) {
    const path = newFolder();
    const node = await openEngine();
    await node.run(`CREATE STREAM f (k STRING KEY, ts BIGINT, v INT) WITH (kafka_topic='f', partitions=2, value_format='JSON');
      CREATE FEATURE VIEW fv ENTITY KEY (k) TIMESTAMP ts TTL ${ttl} MILLISECONDS ${trial % 2 === 0 ? '' : `WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/fv', ROWS_PER_FILE=${perFile})`}
        AS SELECT k, ts, v FROM f EMIT CHANGES;`);
    for (const { k, ts, v } of rows) await produce(node, 'f', [[k, 1, { ts, v }]]);
    const file = join(path, 'spine.parquet');
    writeFileSync(file, encode(spine.map(({ k, ts }, n): Row => [n, k, ts])));
    await node.settle();
    if (trial % 2 === 1) await new Promise((done) => setTimeout(done, 200));
    await node.run(`CREATE TRAINING SET t WITH (PATH='${path}/t', ROWS_PER_FILE=7) AS
      SELECT l.n, v.v, v.ts AS since FROM FILE('${file}') AS l LEFT JOIN fv FOR SYSTEM_TIME AS OF l.ts AS v ON l.k = v.k;`);
    await made(node, 'T');
    await node.close();
    await duckdb.run('CREATE OR REPLACE TABLE f (n INT, k VARCHAR, ts BIGINT, v INT)');
    for (const [n, { k, ts, v }] of rows.entries())
      await duckdb.run('INSERT INTO f VALUES (?, ?, ?, ?)', [n, k, ts, v]);
    const expected = await rowsOf(
      duckdb,
      `WITH newest AS (SELECT * FROM f QUALIFY row_number() OVER (PARTITION BY k, ts ORDER BY n DESC) = 1),
        s AS (SELECT n, k, epoch_ms(ts) AS ts FROM read_parquet('${file}'))
       SELECT s.n::INT, CASE WHEN newest.ts >= s.ts - ${ttl} THEN newest.v END, CASE WHEN newest.ts >= s.ts - ${ttl} THEN newest.ts::INT END
       FROM s ASOF LEFT JOIN newest ON s.k = newest.k AND s.ts >= newest.ts ORDER BY s.n`,
    );
    const read = await rowsOf(
      duckdb,
      `SELECT N::INT, V, SINCE::INT FROM read_parquet('${path}/t/part-*.parquet') ORDER BY N`,
    );
    expect({ rows, spine, ttl, read }).toEqual({ rows, spine, ttl, read: expected });
  }
}, 120_000);
