import { expect, test, vi } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

test.each([
  ['CREATE STREAM v', 'SELECT id, n FROM s EMIT CHANGES', { 'retention.ms': '60000' }],
  ['CREATE FEATURE VIEW v ENTITY KEY (id)', 'SELECT id, n FROM s EMIT CHANGES', { 'retention.ms': '60000' }],
  [
    'CREATE FEATURE VIEW v ENTITY KEY (id)',
    'SELECT id, COUNT(*) AS times FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY id EMIT CHANGES',
    { 'cleanup.policy': 'compact,delete', 'retention.ms': '60000', 'min.compaction.lag.ms': '604800000' },
  ],
])('%s makes its topic with the settings that it gives', async (create, query, config) => {
  const { engine, run, close } = await openEngine();
  await run("CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  const created = vi.spyOn(engine.node, 'createTopic');
  await run(`${create} WITH (kafka_topic='out', partitions=3, replicas=1, retention_ms=60000) AS ${query};`);
  expect(created.mock.calls).toEqual([['out', { partitions: 3, replicas: 1, config }]]);
  await close();
});

test('DESCRIBE names the set of aggregates of what a query fills', async () => {
  const { run, close } = await openEngine();
  await run("CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  await run('CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, SUM(n) AS total FROM s GROUP BY id EMIT CHANGES;');
  await run('CREATE TABLE t AS SELECT id, SUM(n) AS total FROM s GROUP BY id EMIT CHANGES;');
  await run(
    'CREATE STREAM o AS SELECT id, SUM(n) OVER (PARTITION BY id ORDER BY ROWTIME) AS total FROM s EMIT CHANGES;',
  );
  await run('CREATE FEATURE VIEW c ENTITY KEY (id) AS SELECT id, total FROM t EMIT CHANGES;');
  const setOf = async (name: string): Promise<unknown> => {
    const [{ sourceDescription }] = (await run(`DESCRIBE ${name};`)) as unknown as [
      { sourceDescription: Record<string, unknown> },
    ];
    return sourceDescription['aggregates'];
  };
  expect([await setOf('v'), await setOf('t'), await setOf('o'), await setOf('c')]).toEqual([
    'standard',
    'ksqldb',
    'standard',
    undefined,
  ]);
  await close();
});

test('a view whose query was terminated takes another TTL', async () => {
  const { engine, run, close } = await openEngine();
  await run("CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  await run('CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, SUM(n) AS total FROM s GROUP BY id EMIT CHANGES;');
  await run('TERMINATE ALL; ALTER FEATURE VIEW v SET (TTL=1 DAY);');
  expect(engine.catalog.sources.get('V')!.featureView!.ttlMs).toBe(86_400_000);
  await close();
});
