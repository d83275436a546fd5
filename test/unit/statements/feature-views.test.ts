import { expect, test, vi } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

test.each([
  ['CREATE STREAM v', 'SELECT id, n FROM s EMIT CHANGES', { 'retention.ms': '60000' }],
  ['CREATE FEATURE VIEW v ENTITY KEY (id)', 'SELECT id, n FROM s EMIT CHANGES', { 'retention.ms': '60000' }],
  [
    'CREATE FEATURE VIEW v ENTITY KEY (id)',
    'SELECT id, COUNT(*) AS times FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY id EMIT CHANGES',
    { 'cleanup.policy': 'compact,delete', 'retention.ms': '60000' },
  ],
])('%s makes its topic with the settings that it gives', async (create, query, config) => {
  const { engine, run, close } = await openEngine();
  await run("CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  const created = vi.spyOn(engine.node, 'createTopic');
  await run(`${create} WITH (kafka_topic='out', partitions=3, replicas=1, retention_ms=60000) AS ${query};`);
  expect(created.mock.calls).toEqual([['out', { partitions: 3, replicas: 1, config }]]);
  await close();
});
