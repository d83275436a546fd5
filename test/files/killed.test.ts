import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';
import { type Death, killedRun } from '../support/killed-run.ts';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';

const root = join(import.meta.dirname, '../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));
const total = 6000;
/** Writes numbers into a topic whose stream goes into files, and dies at the nth time of a step of any commit. */
const script = (folder: string, files: string): string => `
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  import { Engine } from ${dist('engine/engine.js')};
  import { Session } from ${dist('engine/session.js')};
  import { executeScript } from ${dist('statements/index.js')};
  let left = Number(process.env.AFTER);
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false,
    observe: (step) => { if (step === process.env.STEP && --left === 0) process.kill(process.pid, 'SIGKILL'); } });
  const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest' } });
  await engine.start();
  if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=3, SINK='parquet', PATH=" + ${JSON.stringify(`'${files}'`)} + ", ROWS_PER_FILE=70, ROLL_INTERVAL='20 MILLISECONDS');" }, engine, new Session(engine.defaults));
  const reader = await node.openReader('s', 'beginning');
  let have = 0;
  for (let r; (r = await reader.poll(10000, 0)).length > 0; ) have += r.length;
  for (let i = have; i < ${total}; i++) {
    await node.produce('s', [{ key: 'k' + (i % 11), value: JSON.stringify({ n: i }), timestamp: (i % 3) * 86400000 + i, partition: undefined }]);
    produced(i + 1 - have);
    if (i % 20 === 0) await new Promise((r) => setTimeout(r, 1));
  }
  while (node.status('EXPORT_S_0').lag > 0) await new Promise((r) => setTimeout(r, 5));
  await new Promise((r) => setTimeout(r, 1300));
  await engine.close();
  process.exit(0);`;

const run = (folder: string, files: string, at?: Death): Promise<boolean> => killedRun(script(folder, files), at);

test('killed again and again, at every step of a commit and anywhere between, files have every row once', async () => {
  const [folder, files] = [newFolder(), newFolder()];
  const [times] = fc.sample(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 4, maxLength: 4 }), 1);
  let kills = 0;
  for (const [i, step] of ['begun', 'sent', 'ended', 'stored'].entries())
    if (await run(folder, files, { step, after: times![i]! })) kills++;
  const deaths = fc.record({ rows: fc.integer({ min: 1, max: 400 }), ms: fc.integer({ min: 0, max: 30 }) });
  for (const at of fc.sample(deaths, 4)) if (await run(folder, files, at)) kills++;
  expect(kills).toBeGreaterThanOrEqual(5);
  expect(await run(folder, files)).toBe(false);
  const node = await openEngine(folder);
  const topic: number[] = [];
  const reader = await node.engine.node.openReader('s', 'beginning');
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
    topic.push(...records.map(({ value }) => (JSON.parse(value!.toString()) as { n: number }).n));
  await node.close();
  expect(topic.length).toBeGreaterThanOrEqual(total);
  const duckdb = await duckDb();
  const read = await rowsOf(duckdb, `SELECT N FROM read_parquet('${files}/**/*.parquet') ORDER BY N`);
  expect(read.map((row) => (row as [number])[0])).toEqual(topic.sort((a, b) => a - b));
  expect(dataFiles(files).length).toBeGreaterThan(total / 70);
  const left = await rowsOf(duckdb, `SELECT count(*)::INT FROM glob('${files}/_staged/**/*.tmp')`);
  expect(left).toEqual([[0]]);
}, 180_000);
