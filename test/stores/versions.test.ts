import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import { setAws } from '../../src/util/aws.ts';
import { TestDynamo } from '../support/dynamodb.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { noRedis, TestRedis } from '../support/redis.ts';

const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
const events = Array.from({ length: 600 }, (_, i) => ({ k: keys[i % 30]!, n: (i * 7) % 11 }));
const stream = `CREATE STREAM s (k STRING KEY, n BIGINT) WITH (kafka_topic='s', partitions=2, value_format='JSON');`;
const sum = (rows: readonly number[]): number => rows.reduce((total, n) => total + n, 0);
const expected = (fold: (rows: readonly number[]) => number): Record<string, string> =>
  Object.fromEntries(keys.map((key) => [key, String(fold(events.filter(({ k }) => k === key).map(({ n }) => n)))]));
const [counts, sums] = [expected((rows) => rows.length), expected(sum)];

async function opened(options: string): Promise<{ node: TestEngine; replace: (f: string) => Promise<unknown[]> }> {
  const node = await openEngine();
  await node.run(
    `${stream} CREATE FEATURE VIEW v ENTITY KEY (k) WITH (${options}) AS SELECT k, COUNT(*) AS f FROM s GROUP BY k EMIT CHANGES;`,
  );
  await node.engine.node.produce(
    's',
    events.map(({ k, n }, i) => ({ key: k, value: JSON.stringify({ n }), timestamp: i, partition: undefined })),
  );
  await node.settle();
  const replace = (f: string): Promise<unknown[]> =>
    node.run(
      `CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (k) WITH (${options}) AS SELECT k, ${f} AS f FROM s GROUP BY k EMIT CHANGES;`,
    );
  return { node, replace };
}
async function served({ engine }: TestEngine, view: string): Promise<Record<string, string>> {
  const [, feature] = await onlineFeatures(
    { features: [`${view}:f`], entities: { k: keys }, fullFeatureNames: false },
    engine,
    Date.now(),
  );
  return Object.fromEntries(keys.map((key, i) => [key, String(feature!.values[i])]));
}

describe.skipIf(noRedis !== undefined)(`versions in Redis${noRedis === undefined ? '' : `: ${noRedis}`}`, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(() => redis.kill());

  test('each version has keys of its own, and reads go over when the new one is in Redis', async () => {
    const { node, replace } = await opened(`ONLINE_STORE='redis', ONLINE_URL='${redis.url}', KEY_PREFIX='f:'`);
    const inRedis = async (prefix: string): Promise<unknown> =>
      Object.fromEntries(Object.entries(await redis.hashes(prefix)).map(([key, { F: f }]) => [key, f]));
    expect(await inRedis('f:')).toEqual(counts);
    await replace('SUM(n)');
    let [isNew, reads] = [false, 0];
    while (!isNew) {
      const now = await served(node, 'v');
      isNew = now['k1'] === sums['k1'];
      expect(now).toEqual(isNew ? sums : counts);
      reads++;
    }
    expect(reads).toBeGreaterThan(1);
    expect(await inRedis('f@v2:')).toEqual(sums);
    expect(await inRedis('f:')).toEqual(counts);
    expect([await served(node, 'v@v1'), await served(node, 'v@v2')]).toEqual([counts, sums]);
    // What Redis lost is filled version by version.
    await redis.with((client) => client.flushAll());
    await node.run('MATERIALIZE FEATURE VIEW v@v1; MATERIALIZE FEATURE VIEW v;');
    expect([await inRedis('f:'), await inRedis('f@v2:')]).toEqual([counts, sums]);
    await node.run("DELETE ENTITY 'k1' FROM FEATURE VIEW v;");
    expect(Object.keys(await redis.hashes('f'))).toHaveLength(58);
    await node.close();
  });

  test('while a store is away no version is made in it; the next one has the topic that was meant for it', async () => {
    const { node, replace } = await opened(`ONLINE_STORE='redis', ONLINE_URL='${redis.url}', KEY_PREFIX='g:'`);
    await redis.kill();
    await expect(replace('SUM(n)')).rejects.toThrow('the store of "V@V2" cannot be used');
    expect(node.engine.catalog.sources.has('V@V2')).toBe(false);
    await redis.start();
    await expect.poll(() => served(node, 'v'), { timeout: 20_000 }).toEqual(counts);
    await replace('SUM(n)');
    await node.settle();
    expect(await served(node, 'v')).toEqual(sums);
    expect(node.engine.catalog.sources.get('V')!.spec.topic).toBe('V-v2');
    await node.close();
  });

  test('in the layout of Feast a version is a view of its own name in the same project', async () => {
    const options = `ONLINE_STORE='redis', ONLINE_URL='${redis.url}', KEY_PREFIX='project', ONLINE_LAYOUT='feast'`;
    const { node, replace } = await opened(options);
    await replace('SUM(n)');
    await node.settle();
    expect([await served(node, 'v'), await served(node, 'v@v1')]).toEqual([sums, counts]);
    await node.close();
  });
});

test('each version has items of its own in DynamoDB', { timeout: 300_000 }, async () => {
  const dynamo = await TestDynamo.start('features');
  const { node, replace } = await opened(`ONLINE_STORE='dynamodb', ONLINE_URL='dynamodb://features', KEY_PREFIX='f:'`);
  await replace('SUM(n)');
  await node.settle();
  const inTable = async (prefix: string): Promise<unknown> =>
    Object.fromEntries(
      Object.entries(await dynamo.items('features', prefix)).map(([key, item]) => [key, item['F']?.N]),
    );
  expect([await inTable('f:'), await inTable('f@v2:')]).toEqual([counts, sums]);
  expect([await served(node, 'v'), await served(node, 'v@v1')]).toEqual([sums, counts]);
  await node.close();
  setAws({ endpoints: {} });
  await dynamo.kill();
});
