import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedTaskLog } from '../../../src/adapters/embedded/embedded-task-log.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { RocksBackend } from '../../../src/adapters/rocksdb/rocks-backend.ts';
import { Metrics } from '../../../src/server/metrics.ts';
import { openEngine } from '../../support/memory-node.ts';
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
