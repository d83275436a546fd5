import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EmbeddedNode } from '../../../src/adapters/embedded/embedded-node.ts';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { logDefaults } from '../../../src/adapters/embedded/log-entries.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { encodeShared } from '../../../src/runtime/codec.ts';
import { FaultyDisk } from '../../support/faulty-disk.ts';
import { newFolder } from '../../support/files.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { recordsOf } from '../../support/topics.ts';

/** Segments of a few commits, compacted when a test says so. */
const settings = { ...logDefaults, segmentBytes: 1000, minRatio: 0, backoffMs: 1e9 };
const queries = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
  CREATE TABLE t AS SELECT k, SUM(n) AS total FROM s GROUP BY k;`;
const open = (folder?: string, disk: Parameters<typeof openEngine>[3] = {}): Promise<TestEngine> =>
  openEngine(folder, {}, undefined, { settings, ...disk });

const compact = ({ engine }: TestEngine): Promise<void> => (engine.node as EmbeddedNode).compact();
async function insert({ run, settle }: TestEngine, from: number, to: number, keys = 5): Promise<void> {
  for (let n = from; n < to; n++) {
    await run(`INSERT INTO s (k, n) VALUES ('k${n % keys}', ${n});`);
    if (n % 3 === 0) await settle();
  }
  await settle();
}
async function offsets({ engine }: TestEngine, topic: string): Promise<number[]> {
  return (await recordsOf(engine.node, topic)).map(({ offset }) => offset);
}
/** The last row of each key, and how many records that takes. */
async function table({ engine }: TestEngine, topic: string): Promise<Record<string, string | undefined>> {
  const records = await recordsOf(engine.node, topic);
  return Object.fromEntries(records.map(({ key, value }) => [key!.toString(), value?.toString()]));
}

test("a table's topic keeps the last row of each key and a stream's everything; who reads it later has the same table", async () => {
  const node = await open();
  await node.run(queries);
  await insert(node, 0, 60);
  const [before, all] = [await table(node, 'T'), await offsets(node, 'T')];
  await compact(node);
  const left = await offsets(node, 'T');
  expect(left.length).toBeLessThan(all.length / 2);
  expect(left.filter((offset) => !all.includes(offset))).toEqual([]);
  expect([await table(node, 'T'), (await offsets(node, 's')).length]).toEqual([before, 60]);
  const { cleanableBytes, heldBytes, reclaimedBytes, failures } = (await node.engine.node.logCleaning!())!;
  expect([cleanableBytes, heldBytes, failures]).toEqual([0, 0, 0]);
  expect(reclaimedBytes).toBeGreaterThan(0);
  // Queries over it come to its end, whatever offsets are missing.
  await node.run('CREATE TABLE u AS SELECT k, total + 1 AS more FROM t;');
  await node.settle();
  expect(Object.keys(await table(node, 'U')).sort()).toEqual(Object.keys(before).sort());
  expect(node.engine.node.status('CTAS_U_2')?.lag ?? node.engine.node.status('CTAS_U_1')?.lag).toBe(0);
  await node.close();
  const again = await open(node.folder);
  expect([await table(again, 'T'), await offsets(again, 'T')]).toEqual([before, left]);
  await insert(again, 60, 80);
  await compact(again);
  expect(Object.keys(await table(again, 'U'))).toEqual(Object.keys(await table(again, 'T')));
  await again.close();
});

test('what a query has still to read stays until it has read it, also of one that writes files', async () => {
  const node = await open();
  const files = newFolder();
  await node.run(`${queries} CREATE STREAM changes (k STRING KEY, total INT) WITH (kafka_topic='T', value_format='JSON',
    SINK='parquet', PATH='${files}', ROWS_PER_FILE=10);`);
  await insert(node, 0, 6);
  const exporter = [...node.engine.catalog.queries.keys()].find((id) => id.startsWith('EXPORT'))!;
  await node.run(`PAUSE ${exporter};`);
  await insert(node, 6, 60);
  const all = await offsets(node, 'T');
  await compact(node);
  expect((await offsets(node, 'T')).filter((offset) => offset >= 10)).toEqual(all.filter((offset) => offset >= 10));
  expect((await node.engine.node.logCleaning!())!.heldBytes).toBeGreaterThan(0);
  // While it is stopped to go on with another plan, too.
  await node.engine.node.stopQuery(exporter, false);
  await compact(node);
  expect((await offsets(node, 'T')).filter((offset) => offset >= 10)).toEqual(all.filter((offset) => offset >= 10));
  await node.run(`TERMINATE ${exporter};`);
  await compact(node);
  expect((await offsets(node, 'T')).length).toBeLessThan(all.length / 2);
  await node.close();
});

test('what is history stays: answers of a feature view, and rows that HISTORY promises', async () => {
  const node = await open();
  await node.run(`CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE TABLE rates (k STRING PRIMARY KEY, n INT) WITH (kafka_topic='rates', value_format='JSON', partitions=1, HISTORY='2 DAYS');
    CREATE TABLE plain (k STRING PRIMARY KEY, n INT) WITH (kafka_topic='plain', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW v ENTITY KEY (k) AS SELECT k, SUM(n) AS total FROM s GROUP BY k;`);
  for (let n = 0; n < 60; n++)
    await node.run(`INSERT INTO rates (k, n) VALUES ('k', ${n}); INSERT INTO plain (k, n) VALUES ('k', ${n});`);
  await insert(node, 0, 40);
  const views = await offsets(node, 'V');
  await compact(node);
  expect([(await offsets(node, 'rates')).length, await offsets(node, 'V')]).toEqual([60, views]);
  expect((await offsets(node, 'plain')).length).toBeLessThan(30);
  await node.close();
});

test('a topic of when everything was kept is kept as long as one that is not compacted', () => {
  const backend = new MemoryBackend();
  const lags = (): object => {
    const log = new EmbeddedLog({ folder: newFolder(), backend, sync: false });
    return Object.fromEntries([...log.partitions()].map(([topic, , , { lagMs }]) => [topic, lagMs]));
  };
  const batch = backend.batch();
  const config = new Map([['cleanup.policy', 'compact']]);
  batch.put(Buffer.from('t/former'), encodeShared([1, config]));
  batch.write(false);
  const log = new EmbeddedLog({ folder: newFolder(), backend, sync: false });
  for (const [topic, lag] of Object.entries({ fresh: {}, late: { 'min.compaction.lag.ms': '5000' } }))
    log.create(topic, { partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact', ...lag } });
  expect(lags()).toEqual({ former: 7 * 86_400_000, fresh: 0, late: 5000 });
});

test('a compaction that fails leaves everything as it was, and says so once', async () => {
  const disk = new FaultyDisk('ENOSPC', 1, Infinity);
  const said: string[] = [];
  const node = await open(undefined, { files: disk.files, log: (text) => said.push(text) });
  await node.run(queries);
  await insert(node, 0, 40);
  const all = await offsets(node, 'T');
  disk.isArmed = true;
  await compact(node);
  await compact(node);
  disk.isArmed = false;
  expect(said).toEqual(['topic T, partition 0 stays as it is, and is compacted when it can be: ENOSPC: injected']);
  expect((await node.engine.node.logCleaning!())!.failures).toBe(2);
  expect(await offsets(node, 'T')).toEqual(all);
  await insert(node, 40, 45);
  await compact(node);
  expect((await offsets(node, 'T')).length).toBeLessThan(all.length / 2);
  await node.close();
});

test('a damaged segment is not compacted, and every bit of a compacted one is checked', async () => {
  const node = await open();
  await node.run(queries);
  await insert(node, 0, 60);
  await compact(node);
  const expected = await offsets(node, 'T');
  await node.close();
  const names = readdirSync(join(node.folder, 'log/T/0'));
  expect(names.some((name) => name.includes('-'))).toBe(true);
  for (const name of names)
    for (let at = 0; at < 1; at += 0.31) {
      const copy = mkdtempSync(join(tmpdir(), 'millrace-damaged-'));
      cpSync(node.folder, copy, { recursive: true });
      const path = join(copy, 'log/T/0', name);
      const bytes = readFileSync(path);
      bytes[Math.floor(at * bytes.length)]! ^= 4;
      writeFileSync(path, bytes);
      const said: string[] = [];
      const again = await open(copy, { log: (text) => said.push(text) });
      try {
        expect(await offsets(again, 'T')).toEqual(expected);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        expect([error.code, error.message]).toEqual(['STATE_DAMAGED', expect.stringContaining(name)]);
        await insert(again, 60, 90);
        await compact(again);
        await expect(offsets(again, 'T')).rejects.toThrow(name);
      }
      await again.close();
    }
}, 120_000);
