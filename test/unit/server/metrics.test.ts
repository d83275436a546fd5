import { expect, test } from 'vitest';
import { Metrics } from '../../../src/server/metrics.ts';
import { openEngine } from '../../support/memory-node.ts';

test('a join as of a time counts what it answered before its table had come there, and what was too old', async () => {
  const { engine, run, settle, close } = await openEngine();
  await run(`
    CREATE STREAM s (id STRING KEY, asked BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE TABLE t (id STRING PRIMARY KEY, v INT) WITH (kafka_topic='t', value_format='JSON', partitions=1, HISTORY='1 MINUTE');
    CREATE STREAM j AS SELECT s.id AS id, v FROM s LEFT JOIN t FOR SYSTEM_TIME AS OF s.asked AS t ON s.id = t.id;
    INSERT INTO t (ROWTIME, id, v) VALUES (1000, 'a', 1);`);
  await settle();
  await run(
    `INSERT INTO s (ROWTIME, id, asked) VALUES (1000, 'a', 1000), (1001, 'a', 1001), (100000, 'a', 1000), (100000, 'a', 50000);`,
  );
  await settle();
  const metrics = new Metrics();
  for (let asked = 0; asked < 2; asked++) {
    const text = await metrics.text(engine);
    expect(text).toContain('temporal_join_behind_total{query="CSAS_J_0"} 2');
    expect(text).toContain('temporal_join_expired_total{query="CSAS_J_0"} 1');
  }
  await close();
});
