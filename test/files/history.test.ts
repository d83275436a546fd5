import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';

const day = 86_400_000;

async function waitFor(node: TestEngine, files: number, folder: string): Promise<void> {
  await node.settle();
  for (let i = 0; i < 400 && dataFiles(folder).length < files; i++) await new Promise((done) => setTimeout(done, 25));
}
const produce = (node: TestEngine, rows: readonly [key: string, time: number, value: object][], topic = 's') =>
  node.engine.node.produce(
    topic,
    rows.map(([key, timestamp, value]) => ({ key, value: JSON.stringify(value), timestamp, partition: undefined })),
  );

test('a stream is written as Parquet files of the rows that its topic has, by day and in files of so many rows', async () => {
  const path = newFolder();
  const node = await openEngine();
  await node.run(`CREATE STREAM s (k STRING KEY, n BIGINT, d DECIMAL(6, 2), t TIMESTAMP, a ARRAY<INT>)
    WITH (kafka_topic='s', partitions=1, value_format='JSON', SINK='parquet', PATH='${path}', ROWS_PER_FILE=4, ROLL_INTERVAL='1 SECOND');`);
  const rows = Array.from({ length: 10 }, (_, i): [string, number, object] => [
    `k${i % 3}`,
    (i % 2) * day + i,
    { n: i, d: i / 4, t: 1706933106789, a: i === 3 ? null : [i, null] },
  ]);
  await produce(node, rows);
  await waitFor(node, 6, path);
  expect(dataFiles(path)).toEqual(
    ['1970-01-01', '1970-01-02'].flatMap((of) => ['0-3', '4-7', '8-9'].map((range) => `dt=${of}/p0-${range}.parquet`)),
  );
  const duckdb = await duckDb();
  const read = await rowsOf(
    duckdb,
    `SELECT K, N, D, epoch_ms(T), A, epoch_ms(event_timestamp), _offset, dt::VARCHAR, created_timestamp >= TIMESTAMPTZ '2020-01-01' FROM read_parquet('${path}/**/*.parquet', hive_partitioning=true) ORDER BY _offset`,
  );
  expect(read).toEqual(
    rows.map(([key, time], i) => [
      key,
      String(i),
      (i / 4).toFixed(2),
      '1706933106789',
      i === 3 ? null : [i, null],
      String(time),
      String(i),
      i % 2 === 0 ? '1970-01-01' : '1970-01-02',
      true,
    ]),
  );
  expect(await rowsOf(duckdb, `SELECT DISTINCT compression FROM parquet_metadata('${path}/**/*.parquet')`)).toEqual([
    ['SNAPPY'],
  ]);
  await node.close();
});

test('the history of a feature view has every change of it at its feature time, over restarts', async () => {
  const path = newFolder();
  let node = await openEngine();
  await node.run(`CREATE STREAM s (k STRING KEY, ts BIGINT, n BIGINT) WITH (kafka_topic='s', partitions=2, value_format='JSON');
    CREATE FEATURE VIEW f ENTITY KEY (k) TIMESTAMP ts WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}', ROWS_PER_FILE=5, ROLL_INTERVAL='1 SECOND')
      AS SELECT k, ts, n * 2 AS twice FROM s EMIT CHANGES;
    CREATE FEATURE VIEW g ENTITY KEY (k) WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/g', ROLL_INTERVAL='1 SECOND')
      AS SELECT k, COUNT(*) AS times FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k EMIT CHANGES;`);
  for (let round = 0; round < 3; round++) {
    await produce(
      node,
      Array.from({ length: 7 }, (_, i) => [`k${i % 3}`, 10, { ts: round * 100 + i, n: round * 7 + i }]),
    );
    await node.settle();
    await node.close();
    node = await openEngine(node.folder);
  }
  await node.settle();
  await new Promise((done) => setTimeout(done, 2500));
  const duckdb = await duckDb();
  const read = await rowsOf(
    duckdb,
    `SELECT TWICE::INT, epoch_ms(event_timestamp)::INT FROM read_parquet('${path}/dt*/*.parquet') ORDER BY 1`,
  );
  const all = Array.from({ length: 21 }, (_, i) => [i * 2, Math.floor(i / 7) * 100 + (i % 7)]);
  expect(read).toEqual(all);
  const counts = await rowsOf(
    duckdb,
    `SELECT K, max(TIMES)::INT, min(WINDOWSTART)::INT, max(WINDOWEND)::INT FROM read_parquet('${path}/g/dt*/*.parquet') GROUP BY K ORDER BY K`,
  );
  expect(counts).toEqual([
    ['k0', 9, 0, 1000],
    ['k1', 6, 0, 1000],
    ['k2', 6, 0, 1000],
  ]);
  await node.run('DROP FEATURE VIEW f; DROP FEATURE VIEW g;');
  expect(node.engine.catalog.queries.size).toBe(0);
  await node.close();
});

test('files are in a folder of their own, and nothing is half created', async () => {
  const path = newFolder();
  const node = await openEngine();
  const create = (name: string, folder: string, columns = 'k STRING KEY, n INT'): Promise<unknown> =>
    node.run(
      `CREATE STREAM ${name} (${columns}) WITH (kafka_topic='${name}', partitions=1, value_format='JSON', SINK='parquet', PATH='${folder}');`,
    );
  await create('s', join(path, 'one'));
  await expect(create('t', join(path, 'one'))).rejects.toThrow(/holds .*"S"/);
  writeFileSync(join(path, 'foreign.parquet'), 'PAR1');
  await expect(create('t', path)).rejects.toThrow(/has files already, such as foreign.parquet/);
  writeFileSync(join(path, 'file'), '');
  await expect(create('t', join(path, 'file', 'below'))).rejects.toThrow(/cannot be written to/);
  await expect(create('t', join(path, 'two'), 'k STRING KEY, event_timestamp INT')).rejects.toThrow(/EVENT_TIMESTAMP/);
  await expect(create('t', join(path, 'two'), 'k STRING KEY, v INT, `V` INT, `v` INT')).rejects.toThrow();
  expect([...node.engine.catalog.sources.keys()]).toEqual(['S']);
  expect(existsSync(join(path, '_millrace.json'))).toBe(false);
  await create('t', join(path, 'two'));
  await node.close();
});

test('what a column of the stream gains goes into later files', async () => {
  const path = newFolder();
  const node = await openEngine();
  await node.run(
    `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', partitions=1, value_format='JSON', SINK='parquet', PATH='${path}', ROWS_PER_FILE=1);`,
  );
  await produce(node, [['a', 1, { n: 1 }]]);
  await waitFor(node, 1, path);
  await node.run('ALTER STREAM s ADD COLUMN m INT;');
  await produce(node, [['a', 2, { n: 2, m: 3 }]]);
  await waitFor(node, 2, path);
  const duckdb = await duckDb();
  expect(
    await rowsOf(duckdb, `SELECT N, M FROM read_parquet('${path}/**/*.parquet', union_by_name=true) ORDER BY N`),
  ).toEqual([
    [1, null],
    [2, 3],
  ]);
  await node.close();
});

test('files of a source in a folder below are not taken for those of the source above', async () => {
  const path = newFolder();
  let node = await openEngine();
  const create = (name: string, folder: string, rows: number): Promise<unknown> =>
    node.run(
      `CREATE STREAM ${name} (k STRING KEY, n INT) WITH (kafka_topic='${name}', partitions=1, value_format='JSON', SINK='parquet', PATH='${folder}', ROWS_PER_FILE=${rows});`,
    );
  await create('s', path, 3);
  await create('t', join(path, 'below'), 1);
  for (const n of [1, 2, 3]) await produce(node, [['a', n, { n }]], 't');
  await waitFor(node, 3, join(path, 'below'));
  await node.close();
  node = await openEngine(node.folder);
  for (const n of [1, 2, 3]) await produce(node, [['a', n, { n }]]);
  await waitFor(node, 4, path);
  expect(dataFiles(path).filter((name) => name.startsWith('dt='))).toEqual(['dt=1970-01-01/p0-0-2.parquet']);
  await node.close();
});
