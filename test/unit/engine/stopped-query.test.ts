import { expect, test } from 'vitest';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

const strict = { 'ksql.fail.on.deserialization.error': 'true' };

async function stopped({ engine }: TestEngine, id: string): Promise<string> {
  for (let i = 0; i < 1000; i++) {
    const { error, stoppedAt } = engine.node.status(id)!;
    if (stoppedAt !== undefined) return error!;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new TypeError('the query does not stand');
}

test('a query stands in ERROR at a record, says which, stands there after a restart, and goes on behind it when told', async () => {
  let engine = await openEngine(undefined, strict);
  const { folder } = engine;
  const begun = Date.now();
  await engine.run(`
    CREATE STREAM raw (line STRING) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='TAB');
    CREATE STREAM s (n INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
    CREATE STREAM o AS SELECT n FROM s;
    CREATE STREAM lines AS SELECT line FROM raw;
    INSERT INTO s (ROWTIME, n) VALUES (1, 1); INSERT INTO raw (ROWTIME, line) VALUES (2, 'no JSON');
    INSERT INTO s (ROWTIME, n) VALUES (3, 3);`);
  const id = 'CSAS_O_0';
  const error = /^stopped at topic s, partition 0, offset 1, after 3 attempts: value of s\/0\/1: /;
  expect(await stopped(engine, id)).toMatch(error);
  expect(await consume(engine.engine, 'O')).toEqual(['null@1 {"N":1}']);
  // Others are not touched.
  expect(await consume(engine.engine, 'LINES')).toHaveLength(3);
  const shown = JSON.stringify(await engine.run(`SHOW QUERIES EXTENDED; EXPLAIN ${id};`));
  expect(shown.match(/stopped at topic s, partition 0, offset 1/g)!.length).toBeGreaterThan(1);
  const [explained] = await engine.run(`EXPLAIN ${id};`);
  const timesOf = (answer: unknown): number[] =>
    (answer as { queryDescription: { queryErrors: { timestamp: number }[] } }).queryDescription.queryErrors.map(
      ({ timestamp }) => timestamp,
    );
  const [failedAt, ...others] = timesOf(explained);
  expect(others).toEqual([]);
  expect([failedAt! >= begun, failedAt! <= Date.now()]).toEqual([true, true]);
  // It is when the query failed, not when somebody asks.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(timesOf((await engine.run(`EXPLAIN ${id};`))[0])).toEqual([failedAt]);
  await expect(engine.run(`RESUME CSAS_LINES_1 SKIP 1;`)).rejects.toThrow(/does not stand in ERROR at a record/);
  await expect(engine.run(`RESUME ${id} SKIP 0;`)).rejects.toThrow(/0 is no number of records/);
  await expect(engine.run(`PAUSE ${id} SKIP 1;`)).rejects.toThrow(/PAUSE skips nothing/);

  await engine.close();
  engine = await openEngine(folder, strict);
  expect(await stopped(engine, id)).toMatch(error);
  await engine.run(`RESUME ${id} SKIP 1;`);
  await engine.settle();
  const all = ['null@1 {"N":1}', 'null@3 {"N":3}'];
  expect(await consume(engine.engine, 'O')).toEqual(all);
  const logged = (await consume(engine.engine, 'test_ksql_processing_log')).map((line) =>
    /"TYPE":"(\w+)".*"ERROR_MESSAGE":"([^:"]*)/.exec(line)!.slice(1),
  );
  const where = 'stopped at topic s, partition 0, offset 1, after 3 attempts';
  expect(logged).toEqual([
    ['STOPPED', where],
    ['STOPPED', where],
    ['SKIPPED', 'RESUME skipped 1 record'],
  ]);

  // What was skipped once is not skipped when commands are read again.
  await engine.close();
  engine = await openEngine(folder, strict);
  await engine.run(`INSERT INTO s (ROWTIME, n) VALUES (4, 4);`);
  await engine.settle();
  expect(await consume(engine.engine, 'O')).toEqual([...all, 'null@4 {"N":4}']);
  await engine.close();
});
