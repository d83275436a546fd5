import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
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
