import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';

test('the headers of a record go with its row through filters, projections and PARTITION BY', async () => {
  const { engine, run, settle, close } = await openEngine();
  await run(`CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM t AS SELECT id, n + 1 AS m FROM s WHERE n > 0 EMIT CHANGES;
    CREATE STREAM u AS SELECT m, id FROM t PARTITION BY m EMIT CHANGES;`);
  const headers = [{ key: 'trace', value: Buffer.from('abc') }];
  await engine.node.produce('s', [
    { key: 'a', value: '{"n":1}', timestamp: 1, partition: undefined, headers },
    { key: 'a', value: '{"n":2}', timestamp: 2, partition: undefined },
  ]);
  await settle();
  const records = await (await engine.node.openReader('U', 'beginning')).poll(10, 0);
  expect(records.map((record) => record.headers)).toEqual([headers, []]);
  await close();
});
