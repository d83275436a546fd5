import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EmbeddedNode } from '../../../src/adapters/embedded/embedded-node.ts';
import { logDefaults } from '../../../src/adapters/embedded/log-entries.ts';
import { newFolder } from '../../support/files.ts';
import { killedRun } from '../../support/killed-run.ts';
import { openEngine } from '../../support/memory-node.ts';
import { pulled } from '../../support/pulled.ts';
import { recordsOf } from '../../support/topics.ts';
import { seedOf } from '../../support/scale.ts';

const root = join(import.meta.dirname, '../../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));
const total = 4000;
/** Counts by key while the topic of the counts is compacted all the time, and dies at the nth step of what comes. */
const script = (folder: string): string => `
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { logDefaults } from ${dist('adapters/embedded/log-entries.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  import { Engine } from ${dist('engine/engine.js')};
  import { Session } from ${dist('engine/session.js')};
  import { executeScript } from ${dist('statements/index.js')};
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false,
    settings: { ...logDefaults, segmentBytes: 3000, minRatio: 0.3, backoffMs: 2 } });
  const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest', 'cache.max.bytes.buffering': '0' } });
  await engine.start();
  if (!engine.catalog.sources.has('T')) await executeScript({ name: 't', text: "CREATE STREAM IF NOT EXISTS s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1); CREATE TABLE t AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;" }, engine, new Session(engine.defaults));
  const reader = await node.openReader('s', 'beginning');
  let have = 0;
  for (let r; (r = await reader.poll(10000, 0)).length > 0; ) have += r.length;
  for (let i = have; i < ${total}; i++) {
    await node.produce('s', [{ key: 'k' + (i * 7) % 40, value: JSON.stringify({ n: i }), timestamp: i, partition: undefined }]);
    produced(i + 1 - have);
    if (i % 4 === 0) await new Promise((r) => setTimeout(r, 1));
  }
  while (node.status('CTAS_T_0').lag > 0) await new Promise((r) => setTimeout(r, 5));
  await node.compact();
  await engine.close();
  process.exit(0);`;

test('killed again and again while its topic is compacted, a table is what was counted', async () => {
  const folder = newFolder();
  let kills = 0;
  const deaths = fc.record({ rows: fc.integer({ min: 200, max: 600 }), ms: fc.integer({ min: 0, max: 9 }) });
  for (const at of fc.sample(deaths, { numRuns: 5, seed: seedOf(3) })) if (await killedRun(script(folder), at)) kills++;
  expect(kills).toBe(5);
  expect(await killedRun(script(folder))).toBe(false);
  const { engine, close } = await openEngine(folder);
  const rows = (await pulled(engine.node, 'CTAS_T_0')).map(({ key, after }) => [key[0], after![1], after![2]]);
  const records = await recordsOf(engine.node, 'T');
  const last = new Map(
    records.map(({ key, value }) => [key!.toString(), JSON.parse(value!.toString()) as Record<string, number>]),
  );
  expect([...last].map(([key, value]) => [key, value['C'], value['TOTAL']]).sort()).toEqual(rows.sort());
  expect(rows.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(total);
  // Most of what was written has gone.
  expect(records.length).toBeLessThan(total / 4);
  await close();
});

const settings = { ...logDefaults, segmentBytes: 400, minRatio: 0, backoffMs: 1e9 };
/** Compacts, and dies before the nth thing that it does to the disk: to a file, its name, or the database. */
const compacting = (folder: string): string => `
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { nodeFiles } from ${dist('adapters/embedded/log-files.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  let left = Infinity;
  const die = () => { if (--left <= 0) process.kill(process.pid, 'SIGKILL'); };
  const counted = (name) => (...given) => { if (name !== 'open' || given[1] === 'new') die(); return nodeFiles[name](...given); };
  const names = ['open', 'write', 'truncate', 'sync', 'syncFolder', 'writeLater', 'syncLater', 'syncFolderLater', 'remove'];
  const files = { ...nodeFiles, ...Object.fromEntries(names.map((name) => [name, counted(name)])) };
  const openBackend = async (path) => {
    const backend = await RocksBackend.open(path);
    const begin = backend.batch.bind(backend);
    backend.batch = () => { const batch = begin(); const write = batch.write.bind(batch); batch.write = (sync) => { die(); write(sync); }; return batch; };
    return backend;
  };
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, files, openBackend, models: undefined, serviceId: 'test_', sync: false, settings: ${JSON.stringify(settings)} });
  await node.forgetDropped();
  left = Number(process.env.AFTER);
  await node.compact();
  left = Infinity;
  await node.close();
  process.exit(0);`;

test('killed at each step of a compaction, the log has all former segments of a group or what takes their place', async () => {
  const begun = newFolder();
  const first = await openEngine(begun, {}, undefined, { settings });
  const { node } = first.engine;
  await node.createTopic('t', { partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } });
  for (let i = 0; i < 36; i++) {
    const key = `k${i < 12 ? i : i % 5}`;
    await node.produce('t', [{ key, value: i % 7 === 3 ? null : `row ${i}`, timestamp: i, partition: undefined }]);
  }
  const all = await recordsOf(node, 't');
  const last = new Map(all.map(({ key, value }) => [key!.toString(), value?.toString()]));
  await first.close();
  let [steps, partial] = [0, 0];
  for (let after = 1; ; after++) {
    const folder = newFolder();
    cpSync(begun, folder, { recursive: true });
    const wasKilled = await killedRun(compacting(folder), { step: '', after });
    const said: string[] = [];
    const again = await openEngine(folder, {}, undefined, { settings, log: (text) => said.push(text) });
    const check = async (): Promise<number> => {
      const records = await recordsOf(again.engine.node, 't');
      expect(new Map(records.map(({ key, value }) => [key!.toString(), value?.toString()]))).toEqual(last);
      for (const { offset, key, value } of records)
        expect([offset, key, value]).toEqual([offset, all[offset]!.key, all[offset]!.value]);
      return records.length;
    };
    const left = await check();
    if (left < all.length) partial++;
    await (again.engine.node as EmbeddedNode).compact();
    expect(await check()).toBeLessThan(all.length / 2 + 4);
    const files = readdirSync(join(folder, 'log/t/0'));
    expect([new Set(files.map((name) => name.slice(0, 20))).size, said]).toEqual([files.length, []]);
    await again.close();
    if (!wasKilled) break;
    steps++;
  }
  // Each group has at least a file to make, to write and to sync, its name, the commit and a file to remove.
  expect(steps).toBeGreaterThan(12);
  expect(partial).toBeGreaterThan(3);
}, 300_000);
