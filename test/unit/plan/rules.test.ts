import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

/** A query, the rules that must fire for it and those that must not. */
const cases: [sql: string, fires: string[], silent: string[]][] = [
  ['SELECT id FROM s WHERE n > 1 + 1 EMIT CHANGES;', ['fold-constants', 'prune-columns'], ['merge-filters']],
  ['SELECT id, n FROM s WHERE n > 1 PARTITION BY id EMIT CHANGES;', ['eliminate-repartition'], []],
  ['SELECT id, n FROM s PARTITION BY n EMIT CHANGES;', [], ['eliminate-repartition']],
  ['SELECT s.id, n, m FROM s JOIN t ON s.id = t.id WHERE s.n > 3 EMIT CHANGES;', ['push-filter-into-join'], []],
  ['SELECT s.id, n, m FROM s LEFT JOIN t ON s.id = t.id WHERE t.m > 3 EMIT CHANGES;', [], ['push-filter-into-join']],
  [
    'SELECT s.id, n, r.o FROM s LEFT JOIN r WITHIN 1 HOUR ON s.id = r.id WHERE s.n > 3 EMIT CHANGES;',
    [],
    ['push-filter-into-join'],
  ],
  [
    'SELECT s.id, n, m FROM s JOIN t ON s.id = t.id AND s.n < 9 WHERE s.n > 3 EMIT CHANGES;',
    ['merge-filters'],
    ['remove-true-filter'],
  ],
  [
    'SELECT s.id, n, m FROM s JOIN t ON s.id = t.id WHERE 1 < 2 EMIT CHANGES;',
    ['remove-true-filter'],
    ['merge-filters'],
  ],
  ['SELECT id, n FROM s WHERE 1 < 2 EMIT CHANGES;', ['fold-constants'], ['remove-true-filter']],
  [
    'SELECT s.id, p.score FROM s INVOKE MODEL m USING (s.n) AS p WHERE s.n > 3 EMIT CHANGES;',
    ['push-filter-below-invoke'],
    [],
  ],
  [
    'SELECT s.id, p.score FROM s INVOKE MODEL m USING (s.n) AS p WHERE p.score > 3 EMIT CHANGES;',
    [],
    ['push-filter-below-invoke'],
  ],
];

test.each(cases)('%s', async (sql, fires, silent) => {
  const { engine, run, close } = await openEngine();
  await run(`CREATE STREAM s (id STRING KEY, n INT, unused STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM r (id STRING KEY, o INT) WITH (kafka_topic='r', value_format='JSON', partitions=1);
    CREATE TABLE t (id STRING PRIMARY KEY, m INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);
    CREATE MODEL m INPUT (n INT) OUTPUT (score DOUBLE) WITH (PROVIDER='oip-v2', ENDPOINT='http://127.0.0.1:1', MODEL_NAME='m', VALIDATE='OFF');`);
  const [entity] = (await run(`EXPLAIN ${sql}`)) as { queryDescription: { executionPlan: string } }[];
  const fired = /\(rules: (.*)\)/.exec(entity!.queryDescription.executionPlan)![1]!.split(', ');
  for (const rule of fires) expect(fired).toContain(rule);
  for (const rule of silent) expect(fired).not.toContain(rule);
  expect(engine.catalog.sources.size).toBe(3);
  await close();
});
