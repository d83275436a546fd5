import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';

const records = 20;
/** Far more than it takes, and half of what it took when each record waited for a tick of a second. */
const longestMs = 10_000;

const stream = (partitions: number): string =>
  `CREATE STREAM s (k STRING KEY, a DOUBLE, ts BIGINT)
     WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=${partitions}, TIMESTAMP='ts');`;
const view = `CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts AS
    SELECT k, ts, a, CAST(COUNT(*) OVER w AS DOUBLE) AS n FROM s
    WINDOW w AS (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) EMIT CHANGES;`;

test.each([
  [
    'a feature view, a model and a filter',
    `${stream(4)} ${view}
     CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE)
       WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');
     CREATE STREAM scored AS SELECT v.k AS k, p.total AS total FROM v INVOKE MODEL m USING (v.a, v.n) AS p EMIT CHANGES;
     CREATE STREAM last WITH (KAFKA_TOPIC='last') AS SELECT * FROM scored WHERE total >= 0 EMIT CHANGES;`,
  ],
  [
    'a feature view of one partition and two filters',
    `${stream(1)} ${view}
     CREATE STREAM b AS SELECT * FROM v WHERE a >= 0 EMIT CHANGES;
     CREATE STREAM last WITH (KAFKA_TOPIC='last') AS SELECT * FROM b WHERE n >= 0 EMIT CHANGES;`,
  ],
  [
    'INSERT INTO, the last query first',
    `${stream(4)}
     CREATE STREAM b (k STRING KEY, a DOUBLE) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', PARTITIONS=4);
     CREATE STREAM c (k STRING KEY, a DOUBLE) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON', PARTITIONS=4);
     CREATE STREAM d (k STRING KEY, a DOUBLE) WITH (KAFKA_TOPIC='last', VALUE_FORMAT='JSON', PARTITIONS=4);
     INSERT INTO d SELECT * FROM c; INSERT INTO c SELECT * FROM b; INSERT INTO b SELECT k, a FROM s;`,
  ],
  [
    'an aggregate, a table over it and a join with it',
    `${stream(4)}
     CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
     CREATE TABLE u AS SELECT k, n FROM t WHERE n > 0;
     CREATE STREAM r WITH (KAFKA_TOPIC='r') AS SELECT k, a FROM s;
     CREATE STREAM last WITH (KAFKA_TOPIC='last') AS SELECT r.k AS k, r.a, u.n FROM r LEFT JOIN u ON r.k = u.k;`,
  ],
])('records one at a time go through %s without waiting', async (_, sql) => {
  const { engine, run, close } = await openEngine();
  await run(sql);
  const reader = await engine.node.openReader('last', 'beginning');
  const started = performance.now();
  for (let i = 0; i < records; i++) {
    const timestamp = 1_700_000_000_000 + i;
    const value = JSON.stringify({ A: i, TS: timestamp });
    await engine.node.produce('s', [{ key: `k${i % 5}`, value, timestamp, partition: undefined }]);
    while ((await reader.poll(1, 100)).length === 0) expect(performance.now() - started).toBeLessThan(longestMs);
  }
  expect(performance.now() - started).toBeLessThan(longestMs);
  reader.close();
  await close();
});
