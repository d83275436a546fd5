import { expect, test } from 'vitest';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

// A time unit has no columns and was folded into a literal, so that no overload of DATEADD fitted any more.
test('a time unit stays one when constants are folded', async () => {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM a (d DATE) WITH (kafka_topic='a', partitions=1, value_format='JSON');
    CREATE STREAM b AS SELECT DATEADD(DAYS, 10, d) AS later, TIMESTAMPADD(HOURS, 1 + 1, FROM_UNIXTIME(0)) AS t FROM a;
    INSERT INTO a VALUES ('2020-01-01');`);
  await engine.settle();
  expect((await consume(engine.engine, 'B')).map((row) => row.split(' ')[1])).toEqual(['{"LATER":18272,"T":7200000}']);
  await engine.close();
});
