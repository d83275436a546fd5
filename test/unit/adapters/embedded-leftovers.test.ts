import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedTaskLog } from '../../../src/adapters/embedded/embedded-task-log.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { RocksBackend } from '../../../src/adapters/rocksdb/rocks-backend.ts';
import { Metrics } from '../../../src/server/metrics.ts';
import { after } from '../../../src/runtime/stores/key-bytes.ts';
import { openEngine } from '../../support/memory-node.ts';
import { pulled } from '../../support/pulled.ts';
import { recordsOf } from '../../support/topics.ts';
import { runsOf } from '../../support/scale.ts';

/** MILLRACE_TEST_SCALE=20 makes 500 of each kind. */
const rounds = runsOf(25);

test(
  'queries that are dropped while they run or are paused leave nothing but their commands',
  { timeout: 600_000 },
  async () => {
    const node = await openEngine();
    const metrics = new Metrics();
    const query = async (i: number): Promise<void> => {
      await node.run(`CREATE STREAM s${i} (k STRING KEY, v INT) WITH (kafka_topic='s${i}', value_format='JSON', partitions=2);
      CREATE TABLE t${i} WITH (kafka_topic='t${i}') AS SELECT v, COUNT(*) AS n FROM s${i} GROUP BY v;
      INSERT INTO s${i} VALUES ('a', 1);`);
      await node.settle();
      const [id] = node.engine.catalog.queries.keys();
      expect(await metrics.text(node.engine)).toContain(`query="${id}"`);
      if (i % 2 === 1) await node.run(`PAUSE ${id};`);
      await node.run(`DROP TABLE t${i} DELETE TOPIC; DROP STREAM s${i} DELETE TOPIC;`);
    };
    await query(0);
    const topics = await node.engine.node.listTopics();
    for (let i = 1; i < rounds; i++) await query(i);
    expect(await node.engine.node.listTopics()).toEqual(topics);
    expect(await metrics.text(node.engine)).not.toContain('query="');
    await node.close();
    expect(readdirSync(join(node.folder, 'log'))).toEqual(topics.map(({ name }) => name));
    expect(existsSync(join(node.folder, 'at-work', 'main.marks'))).toBe(false);
    const backend = await RocksBackend.open(join(node.folder, 'db'));
    const keys = [...backend.range(Buffer.alloc(1), Buffer.alloc(8, 255))].map(([key]) => key.toString('latin1'));
    await backend.close();
    expect(keys.filter((key) => !key.startsWith('c/'))).toEqual([
      'cluster',
      'number',
      `t/${topics[0]!.name}`,
      'version',
    ]);
  },
);

test('the log of a query that is dropped is not kept', async () => {
  const owners = new Map<string, object>();
  const log = { owners, ready: () => Promise.resolve() } as unknown as EmbeddedLog;
  const query = new EmbeddedTaskLog(log, new MemoryBackend(), 'q');
  await query.takeOver();
  expect(owners.size).toBe(1);
  query.forget();
  expect(owners.size).toBe(0);
});

/** The keys of state and positions in the database of a node that is closed. */
async function keysOf(folder: string): Promise<string[]> {
  const backend = await RocksBackend.open(join(folder, 'db'));
  const keys = ['o/', 's/'].flatMap((prefix) => [...backend.range(Buffer.from(prefix), after(Buffer.from(prefix)))]);
  await backend.close();
  return keys.map(([key]) => key.toString('latin1'));
}

test('a query that was being dropped when the node died has gone at the next start, and only that', async () => {
  const first = await openEngine();
  const insert = "INSERT INTO filled WITH (QUERY_ID='named') SELECT k, v FROM s";
  await first.run(`
    CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM filled (k STRING KEY, v INT) WITH (kafka_topic='filled', value_format='JSON', partitions=1);
    CREATE TABLE a AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
    CREATE TABLE "A_0-b" WITH (kafka_topic='b') AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
    CREATE TABLE c AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
    ${insert};
    INSERT INTO s VALUES ('x', 1), ('y', 2);`);
  await first.settle();
  const ids = [...first.engine.catalog.queries.keys()];
  expect(ids).toEqual(['CTAS_A_0', 'CTAS_A_0-b_1', 'CTAS_C_2', 'NAMED']);
  // Stored, and the process ends before anything else.
  const dropped = { v: 1, kind: 'terminate', ids: [ids[0], ids[3]] };
  await first.engine.node.commands.append(JSON.stringify(dropped), first.engine.commandNumber);
  await first.close();
  const before = await keysOf(first.folder);
  const ofOthers = before.filter((key) => key.includes('CTAS_A_0-b_1') || key.includes('CTAS_C_2'));
  expect(ofOthers.length).toBeLessThan(before.length - 2);
  const again = await openEngine(first.folder);
  await again.close();
  expect(await keysOf(first.folder)).toEqual(ofOthers);
  // One that gets the same id begins at the beginning.
  const last = await openEngine(first.folder);
  await last.run(`${insert}; INSERT INTO s VALUES ('x', 3);`);
  await last.settle();
  expect(await recordsOf(last.engine.node, 'filled')).toHaveLength(5);
  expect((await pulled(last.engine.node, 'CTAS_C_2')).map(({ after: row }) => row![1])).toEqual([2, 1]);
  await last.close();
});
