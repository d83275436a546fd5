import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { RocksBackend } from '../../src/adapters/rocksdb/rocks-backend.ts';
import { runsOf } from '../support/scale.ts';
import { createTopic, produceAll, readAll, startMillrace, until, withAdmin, type MillraceProcess } from './support.ts';

/** What of 10 creates and drops stays behind; MILLRACE_TEST_SCALE=50 makes them 500. */

const rounds = runsOf(10);
const nodes: MillraceProcess[] = [];
afterAll(() => {
  for (const { child } of nodes) child.kill('SIGKILL');
});

const records = Array.from({ length: 20 }, (_, i) => ({
  partition: i % 2,
  key: `k${i % 5}`,
  value: `{"v":${i}}`,
  timestamp: 1_700_000_000_000 + i,
}));

async function leftOf(
  node: MillraceProcess,
  service: string,
): Promise<Record<'topics' | 'groups' | 'series' | 'files', string[]>> {
  const [topics, { groups }] = await withAdmin((admin) => Promise.all([admin.listTopics(), admin.listGroups()]));
  const text = await (await fetch(`${node.url}/metrics`)).text();
  const own = (name: string): boolean => name.includes(service);
  return {
    topics: topics.filter(own).sort(),
    groups: groups
      .map(({ groupId }) => groupId)
      .filter(own)
      .sort(),
    series: [...new Set(text.match(/^\w+\{[^}]*query="[^}]*\}/gm))].sort(),
    files: readdirSync(`/proc/${node.child.pid}/fd`).map(() => 'file'),
  };
}
async function keysIn(folder: string): Promise<string[]> {
  const backend = await RocksBackend.open(join(folder, 'kafka', 'db'));
  const keys = [...backend.range(Buffer.alloc(1), Buffer.alloc(8, 255))].map(([key]) => key.toString('latin1'));
  await backend.close();
  return keys;
}

test('queries that are dropped while they run, are paused, or have lost their topic leave nothing', async () => {
  const service = `left${Date.now()}_`;
  const source = `in_${service}`;
  await createTopic(source, 2);
  await produceAll(source, records);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-left-'));
  const node = await startMillrace(service, { 'commit.interval.ms': '50' }, folder);
  nodes.push(node);
  const over = (name: string, topic: string): string =>
    `CREATE STREAM ${name} (k STRING KEY, v INT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');`;
  const round = async (i: number): Promise<void> => {
    const own = `own_${service}${i}`;
    await createTopic(own, 2);
    await produceAll(own, records);
    await node.sql(over(`s${i}`, own));
    await node.sql(
      `CREATE TABLE t${i} WITH (KAFKA_TOPIC='out_${service}${i}', VALUE_FORMAT='JSON') AS SELECT v, COUNT(*) AS n FROM s${i} GROUP BY v;`,
    );
    await until(
      () => readAll(`out_${service}${i}`).catch(() => []),
      (rows) => rows.length >= records.length,
    );
    const [entity] = await node.sql('SHOW QUERIES;');
    const id = (entity!['queries'] as { id: string }[])[0]!.id;
    if (i % 3 === 1) await node.sql(`PAUSE ${id};`);
    if (i % 3 === 2) {
      await withAdmin((admin) => admin.deleteTopics({ topics: [own] }));
      await until(
        () => node.sql('SHOW QUERIES;'),
        (answer) => JSON.stringify(answer).includes('ERROR'),
      );
    }
    await node.sql(`DROP TABLE t${i} DELETE TOPIC; DROP STREAM s${i} DELETE TOPIC;`);
  };
  await node.sql(over('kept', source));
  for (let i = 0; i < 3; i++) await round(i);
  const before = await leftOf(node, service);
  for (let i = 0; i < rounds; i++) await round(i);
  const after = await until(
    () => leftOf(node, service),
    (left) => left.files.length <= before.files.length + 2,
  );
  expect(before.topics).toHaveLength(3);
  expect(after).toMatchObject({ topics: before.topics, groups: [], series: [] });
  // Connections come and go; none stays for a query.
  expect(after.files.length).toBeLessThanOrEqual(before.files.length + 2);
  await node.kill('SIGTERM');
  expect(await keysIn(folder)).toEqual([]);
  expect(readdirSync(join(folder, 'kafka', 'at-work')).filter((name) => name.endsWith('.marks'))).toEqual([]);
});

test('a node that was away while a query was dropped deletes its state when it comes back', async () => {
  const service = `away${Date.now()}_`;
  const source = `in_${service}`;
  await createTopic(source, 2);
  await produceAll(source, records);
  const folders = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `millrace-left-${name}-`))) as [string, string];
  const first = await startMillrace(service, {}, folders[0]);
  nodes.push(first);
  await first.sql(
    `CREATE STREAM s (k STRING KEY, v INT) WITH (KAFKA_TOPIC='${source}', VALUE_FORMAT='JSON');
     CREATE TABLE t WITH (KAFKA_TOPIC='out_${service}') AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
     CREATE TABLE u WITH (KAFKA_TOPIC='u_${service}') AS SELECT k, SUM(v) AS n FROM s GROUP BY k;`,
  );
  for (const topic of ['out', 'u'])
    await until(
      () => readAll(`${topic}_${service}`).catch(() => []),
      (rows) => rows.length >= 5,
    );
  await first.kill('SIGTERM');
  const had = await keysIn(folders[0]);
  expect(had.filter((key) => key.startsWith('position/'))).toHaveLength(4);
  const second = await startMillrace(service, {}, folders[1]);
  nodes.push(second);
  await second.sql('DROP TABLE t;');
  await second.kill('SIGTERM');
  const back = await startMillrace(service, {}, folders[0]);
  nodes.push(back);
  await until(
    async () => (await fetch(`${back.url}/readyz`)).ok,
    (isReady) => isReady,
  );
  await back.kill('SIGTERM');
  const has = await keysIn(folders[0]);
  expect(has.filter((key) => key.startsWith('position/'))).toHaveLength(2);
  expect(has.length).toBeLessThan(had.length);
});
