import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { TestDynamo } from '../support/dynamodb.ts';
import { noRedis, TestRedis } from '../support/redis.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';

let redis: TestRedis;
let node: TestEngine;
beforeAll(async () => {
  if (noRedis !== undefined) return;
  redis = await TestRedis.start();
  node = await openEngine(undefined, {}, undefined, { pauses: { firstMs: 20, longestMs: 50 } });
});
afterAll(async () => {
  if (noRedis !== undefined) return;
  await node.close();
  await redis.kill();
});

const insert = (topic: string, rows: readonly (readonly [key: string, ts: number, v: number])[]): Promise<void> =>
  node.engine.node.produce(
    topic,
    rows.map(([key, timestamp, v]) => ({
      key,
      value: JSON.stringify({ V: v, TS: timestamp }),
      timestamp,
      partition: undefined,
    })),
  );

test.skipIf(noRedis !== undefined).each([
  ['plain', 'appended', 'SELECT u, ts, v FROM s EMIT CHANGES', "KEY_PREFIX='a:'"],
  ['plain', 'counted', 'SELECT u, COUNT(*) AS v FROM s GROUP BY u EMIT CHANGES', "KEY_PREFIX='b:'"],
  ['feast', 'for_feast', 'SELECT u, ts, v FROM s EMIT CHANGES', "ONLINE_LAYOUT='feast', KEY_PREFIX='c'"],
])(
  'an entity of %s hashes that is deleted is in Redis again only by a new event: %s',
  async (_layout, view, query, options) => {
    const size = (): Promise<number> => redis.with((client) => client.dbSize());
    await redis.with((client) => client.flushAll());
    await node.run(
      `CREATE STREAM IF NOT EXISTS s (u STRING KEY, v INT, ts BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
     CREATE FEATURE VIEW ${view} ENTITY KEY (u) WITH (ONLINE_STORE='redis', ONLINE_URL='${redis.url}', ${options}) AS ${query};`,
    );
    await insert('s', [
      ['u1', 1000, 1],
      ['u1', 2000, 2],
      ['u2', 3000, 3],
    ]);
    await node.settle();
    await expect.poll(size).toBe(2);
    await node.run(`DELETE ENTITY 'u1' FROM FEATURE VIEW ${view};`);
    expect(await size()).toBe(1);
    await node.run(`MATERIALIZE FEATURE VIEW ${view};`);
    expect(await size()).toBe(1);

    // Redis is away: the statement says so, and does the rest when it is run again.
    await redis.kill();
    await insert('s', [['u2', 4000, 4]]);
    const id = [...node.engine.catalog.queries.values()].find(
      ({ kind, sources }) => kind === 'EXPORT' && sources[0] === view.toUpperCase(),
    )!.id;
    await expect.poll(() => node.engine.node.status(id)?.state).toBe('ERROR');
    const failed = await node.run(`DELETE ENTITY 'u2' FROM FEATURE VIEW ${view};`).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SqlError);
    expect((failed as SqlError).code).toBe('ENTITY_NOT_DELETED');
    await redis.start();
    await expect.poll(() => node.engine.node.status(id)?.state, { timeout: 10_000 }).toBe('RUNNING');
    await node.run(`DELETE ENTITY 'u2' FROM FEATURE VIEW ${view};`);
    expect(await size()).toBe(0);

    // An event that is older than what was erased counts: nothing is known of that any more.
    await insert('s', [['u1', 500, 7]]);
    await expect.poll(size).toBe(1);
    await node.run(`DROP FEATURE VIEW ${view};`);
  },
);

test('an entity of DynamoDB, of rows that come and are deleted, is there again only by a new event', async () => {
  const dynamo = await TestDynamo.start('erased');
  const own = await openEngine(undefined, {}, undefined, { pauses: { firstMs: 20, longestMs: 50 } });
  const events = (rows: readonly (readonly [key: string, ts: number, v: number])[]): Promise<void> =>
    own.engine.node.produce(
      's',
      rows.map(([key, timestamp, v]) => ({
        key,
        value: JSON.stringify({ V: v, TS: timestamp }),
        timestamp,
        partition: undefined,
      })),
    );
  const here = async (prefix: string): Promise<readonly string[]> =>
    Object.keys(await dynamo.items('erased', prefix)).sort();
  await own.run(`CREATE STREAM s (u STRING KEY, v INT, ts BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
    CREATE FEATURE VIEW odd ENTITY KEY (u) WITH (ONLINE_STORE='dynamodb', ONLINE_URL='dynamodb://erased', KEY_PREFIX='odd:') AS
      SELECT u, COUNT(*) AS n FROM s GROUP BY u HAVING COUNT(*) % 2 = 1;
    CREATE FEATURE VIEW rows ENTITY KEY (u) TIMESTAMP ts WITH (ONLINE_STORE='dynamodb', ONLINE_URL='dynamodb://erased', KEY_PREFIX='rows:') AS
      SELECT u, ts, v FROM s EMIT CHANGES;`);
  await events([
    ['u1', 1000, 1],
    ['u1', 2000, 2],
    ['u2', 3000, 3],
    ['u3', 5000, 4],
    ['u3', 4000, 5],
    ['u3', 3000, 6],
  ]);
  await own.settle();
  await expect.poll(() => here('odd:')).toEqual(['u2', 'u3']);
  expect(await here('rows:')).toEqual(['u1', 'u2', 'u3']);
  await own.run("DELETE ENTITY 'u3' FROM FEATURE VIEW odd; DELETE ENTITY 'u3' FROM FEATURE VIEW rows;");
  await own.run('MATERIALIZE FEATURE VIEW odd; MATERIALIZE FEATURE VIEW rows;');
  expect([await here('odd:'), await here('rows:')]).toEqual([['u2'], ['u1', 'u2']]);

  // DynamoDB is away: the statement says so, and does the rest when it is run again.
  await dynamo.kill();
  await events([['u2', 6000, 7]]);
  const id = [...own.engine.catalog.queries.values()].find(
    ({ kind, sources }) => kind === 'EXPORT' && sources[0] === 'ROWS',
  )!.id;
  await expect.poll(() => own.engine.node.status(id)?.state, { timeout: 20_000 }).toBe('ERROR');
  await expect(own.run("DELETE ENTITY 'u2' FROM FEATURE VIEW rows;")).rejects.toMatchObject({
    code: 'ENTITY_NOT_DELETED',
  });
  await dynamo.start();
  await expect.poll(() => own.engine.node.status(id)?.state, { timeout: 20_000 }).toBe('RUNNING');
  await own.run("DELETE ENTITY 'u2' FROM FEATURE VIEW rows;");
  // Its second event has taken u2 from the view that counts, which no statement did.
  await expect.poll(async () => [await here('odd:'), await here('rows:')]).toEqual([[], ['u1']]);

  // What was erased is counted from the beginning again, also by an event of an earlier time.
  await events([
    ['u3', 500, 8],
    ['u2', 7000, 9],
  ]);
  await expect
    .poll(async () => [await here('odd:'), await here('rows:')])
    .toEqual([
      ['u2', 'u3'],
      ['u1', 'u2', 'u3'],
    ]);
  for (const view of ['odd', 'rows']) {
    const [answer] = (await own.run(`VERIFY FEATURE VIEW ${view};`)) as [{ verification: { result: string } }];
    expect(answer.verification.result).toBe('CONSISTENT');
  }
  await own.close();
  await dynamo.kill();
}, 120_000);
