import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReachedStores } from '../../src/adapters/online/reached-stores.ts';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import type { OnlineSpec } from '../../src/runtime/ports/online-store.ts';
import { BIGINT, decimal, DOUBLE, STRING, type Row } from '../../src/types/sql-type.ts';
import { setAws } from '../../src/util/aws.ts';
import { setOutbound } from '../../src/util/outbound.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { TestDynamo } from '../support/dynamodb.ts';
import { consume } from '../support/topics.ts';

const hour = 3_600_000;

type Event = readonly [key: string, time: number, value: object];
const produce = (node: TestEngine, rows: readonly Event[]): Promise<unknown> =>
  node.engine.node.produce(
    's',
    rows.map(([key, timestamp, value]) => ({ key, value: JSON.stringify(value), timestamp, partition: undefined })),
  );
const stream = `CREATE STREAM s (k STRING KEY, ts BIGINT, n BIGINT, x DOUBLE) WITH (kafka_topic='s', partitions=2, value_format='JSON');`;

describe('a view in DynamoDB', { timeout: 300_000 }, () => {
  let dynamo: TestDynamo;
  beforeAll(async () => {
    dynamo = await TestDynamo.start('features');
  });
  afterAll(async () => {
    setAws({ endpoints: {} });
    await dynamo.kill();
  });

  const online = (name: string): string =>
    `ONLINE_STORE='dynamodb', ONLINE_URL='dynamodb://features', KEY_PREFIX='${name}:'`;
  const itemsOf = (name: string): ReturnType<TestDynamo['items']> => dynamo.items('features', `${name}:`);

  test('features are attributes of the types of DynamoDB, expire by event time, and are served from there', async () => {
    const node = await openEngine();
    const now = Date.now();
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts TTL 48 HOURS WITH (${online('first')}) AS
        SELECT k, ts, n, x, x > 1 AS big, CAST(n AS STRING) + 'é' AS said, ARRAY[n, NULL] AS items,
          CAST(n AS DECIMAL(10, 2)) AS price FROM s EMIT CHANGES;`);
    await produce(node, [
      ['a', 1, { ts: now, n: 1, x: 0.1 }],
      ['a', 2, { ts: now - hour, n: 2, x: 3 }],
      ['b', 3, { ts: now - 49 * hour, n: 3, x: 1 }],
      ['c', 4, { ts: now, n: null, x: null }],
    ]);
    await expect.poll(async () => Object.keys(await itemsOf('first')).sort(), { timeout: 30_000 }).toEqual(['a', 'c']);
    const found = await itemsOf('first');
    const expires = { N: String(Math.ceil((now + 48 * hour) / 1000)) };
    expect(found).toEqual({
      a: expect.objectContaining({
        TS: { N: String(now) },
        N: { N: '1' },
        X: { N: '0.1' },
        BIG: { BOOL: false },
        SAID: { S: '1é' },
        ITEMS: { S: '[1,null]' },
        PRICE: { N: expect.stringMatching(/^1(\.00)?$/) as string },
        _ts: { N: String(now) },
        _expires: expires,
      }) as object,
      c: expect.objectContaining({ TS: { N: String(now) }, _ts: { N: String(now) }, _expires: expires }) as object,
    });
    expect(found['c']).not.toHaveProperty('N');
    const columns = await onlineFeatures(
      {
        features: ['v:n', 'v:big', 'v:items', 'v:price'],
        entities: { k: ['a', 'b', 'c', 'zzz'] },
        fullFeatureNames: false,
      },
      node.engine,
      now,
    );
    const there = ['PRESENT', 'NOT_FOUND', 'PRESENT', 'NOT_FOUND'];
    const nullable = ['PRESENT', 'NOT_FOUND', 'NULL_VALUE', 'NOT_FOUND'];
    expect(columns.map(({ values, statuses }) => [values.map(String), statuses])).toEqual([
      [['a', 'b', 'c', 'zzz'], Array(4).fill('PRESENT')],
      [['1', 'null', 'null', 'null'], nullable],
      [['false', 'null', 'false', 'null'], there],
      [['1,', 'null', ',', 'null'], there],
      // A DECIMAL is its digits here: 1.00.
      [['100', 'null', 'null', 'null'], nullable],
    ]);
    await node.close();
  });

  test('values come back to the last digit, also those that are no number of DynamoDB', async () => {
    const columns = [
      { name: 'K', type: STRING },
      { name: 'X', type: DOUBLE },
      { name: 'D', type: decimal(38, 10) },
      { name: 'N', type: BIGINT },
    ];
    const stores = new ReachedStores();
    const spec: OnlineSpec = {
      store: 'dynamodb',
      url: 'dynamodb://features',
      layout: 'plain',
      prefix: 'digits:',
      view: 'V',
      version: 1,
      key: ['K'],
      order: 'time',
      validates: true,
    };
    const store = stores.open(spec, columns);
    const doubles = [0, -0, 0.1 + 0.2, 1 / 3, Number.MAX_VALUE, Number.MIN_VALUE, 1e125, -1e-130, NaN, Infinity, 1e21];
    const rows = doubles.map((x, i): Row => [
      `k${i}`,
      x,
      i % 2 === 0 ? 10n ** 37n + 1n : -150,
      i % 2 === 0 ? 9_007_199_254_740_993n : -5,
    ]);
    await store.write(
      rows.map((row, i) => ({ key: [row[0]!], row, time: 1000 + i, windowStart: undefined, offset: i })),
    );
    const read = await store.read(rows.map((row) => [row[0]!]));
    expect(read.map((each) => each?.row)).toEqual(rows);
    expect(read.map((each) => each?.time)).toEqual(rows.map((_, i) => 1000 + i));
    // More than one request reads.
    const many = Array.from({ length: 130 }, (_, i): Row => [`m${i}`, i, null, i]);
    await store.write(many.map((row, i) => ({ key: [row[0]!], row, time: 1, windowStart: undefined, offset: i })));
    const keys = [...many.map((row) => [row[0]!]), ['nobody']];
    expect((await store.read(keys)).map((each) => each?.row)).toEqual([...many, undefined]);
    await stores.close();
  });

  test('one that dies in the middle loses nothing: it ends as the topic of the view says', async () => {
    const node = await openEngine(undefined, {}, undefined, { pauses: { firstMs: 20, longestMs: 100 } });
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts WITH (${online('killed')}) AS
        SELECT k, ts, n, COUNT(*) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS seen FROM s EMIT CHANGES;`);
    const status = () => node.engine.node.status('EXPORT_V_1');
    for (let round = 0; round < 4; round++) {
      const rows = Array.from({ length: 200 }, (_, i): Event => {
        const n = round * 200 + i;
        return [`k${(i * 7) % 50}`, 1, { ts: 1000 + ((round * 200 + i * 13) % 800), n, x: i }];
      });
      await produce(node, rows.slice(0, 100));
      if (round % 2 === 1) await dynamo.kill();
      else if (round > 0)
        await expect.poll(() => status()?.recordsIn, { timeout: 60_000 }).toBeGreaterThanOrEqual(round * 200);
      await produce(node, rows.slice(100));
      if (round % 2 === 1) {
        await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('ERROR');
        expect(status()!.error).toContain('DynamoDB table features at ');
        expect(status()!.error).toContain(`127.0.0.1:${dynamo.port}`);
        await dynamo.start();
      }
    }
    await expect.poll(async () => (await consume(node.engine, 'V')).length, { timeout: 60_000 }).toBe(800);
    await expect.poll(() => status()?.state, { timeout: 60_000 }).toBe('RUNNING');
    const expected: Record<string, readonly string[]> = {};
    for (const record of await consume(node.engine, 'V')) {
      const [key, json] = [record.slice(0, record.indexOf('@')), record.slice(record.indexOf(' ') + 1)];
      const row = JSON.parse(json) as { TS: number; N: number; SEEN: number };
      if (row.TS >= Number(expected[key]?.[0] ?? 0)) expected[key] = [row.TS, row.N, row.SEEN].map(String);
    }
    const stored = async (): Promise<typeof expected> =>
      Object.fromEntries(
        Object.entries(await itemsOf('killed')).map(([key, row]) => [
          key,
          ['TS', 'N', 'SEEN'].map((name) => row[name]!.N!),
        ]),
      );
    await expect.poll(stored, { timeout: 60_000 }).toEqual(expected);
    expect(Object.keys(expected)).toHaveLength(50);
    await node.close();
  });

  test('a lost table is filled from the state of the view, and takes nothing newer back', async () => {
    const node = await openEngine();
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts WITH (${online('lost')}) AS SELECT k, ts, n FROM s EMIT CHANGES;
      CREATE FEATURE VIEW t ENTITY KEY (k) WITH (${online('losttable')}) AS SELECT k, SUM(n) AS total FROM s GROUP BY k EMIT CHANGES;
      CREATE STREAM plain WITH (SINK='dynamodb', URL='dynamodb://features', KEY_PREFIX='stream:') AS SELECT k, n FROM s EMIT CHANGES;`);
    await produce(
      node,
      Array.from({ length: 120 }, (_, i): Event => [`k${i}`, 1000 + i, { ts: 1000 + i, n: i }]),
    );
    const sizeOf = async (name: string): Promise<number> => Object.keys(await itemsOf(name)).length;
    for (const name of ['lost', 'losttable', 'stream'])
      await expect.poll(() => sizeOf(name), { timeout: 60_000 }).toBe(120);
    const before = await itemsOf('lost');
    await dynamo.drop('features');
    await dynamo.create('features');
    await produce(node, [['k5', 9000, { ts: 9000, n: 77 }]]);
    for (const name of ['lost', 'losttable']) await expect.poll(() => sizeOf(name), { timeout: 60_000 }).toBe(1);
    const [whole] = await node.run('MATERIALIZE FEATURE VIEW v; MATERIALIZE FEATURE VIEW t;');
    expect(whole).toMatchObject({ '@type': 'materialized', view: 'V', entities: 120 });
    const withoutOffset = (items: Awaited<ReturnType<typeof itemsOf>>): unknown =>
      Object.fromEntries(Object.entries(items).map(([key, { _off, ...fields }]) => [key, fields]));
    expect(withoutOffset(await itemsOf('lost'))).toEqual(
      withoutOffset({ ...before, k5: { ...before['k5']!, N: { N: '77' }, TS: { N: '9000' }, _ts: { N: '9000' } } }),
    );
    const table = await itemsOf('losttable');
    expect([Object.keys(table).length, table['k5']!['TOTAL'], table['k6']!['TOTAL']]).toEqual([
      120,
      { N: '82' },
      { N: '6' },
    ]);
    await node.run("DELETE ENTITY 'k7' FROM FEATURE VIEW v; MATERIALIZE FEATURE VIEW v;");
    expect(Object.keys(await itemsOf('lost'))).not.toContain('k7');
    expect(await sizeOf('lost')).toBe(119);
    await node.close();
  });

  test('a table that is not there, has another key, or is at a host that may not be called is refused at CREATE', async () => {
    const node = await openEngine();
    await node.run(stream);
    await dynamo.create('otherwise', 'id');
    await dynamo.create('numbers', '_key', 'N');
    const create = (options: string): Promise<unknown> =>
      node.run(
        `CREATE FEATURE VIEW v ENTITY KEY (k) WITH (ONLINE_STORE='dynamodb', ${options}) AS SELECT k, n FROM s EMIT CHANGES;`,
      );
    await expect(create("ONLINE_URL='dynamodb://nothere'")).rejects.toThrow(
      /store of "V" cannot be used: DynamoDB table nothere at 127.0.0.1:.*not found/i,
    );
    for (const table of ['otherwise', 'numbers'])
      await expect(create(`ONLINE_URL='dynamodb://${table}'`)).rejects.toThrow(
        /must be the partition key _key of type S/,
      );
    setOutbound({ hosts: ['elsewhere'] });
    await expect(create("ONLINE_URL='dynamodb://features'")).rejects.toThrow(
      `127.0.0.1:${dynamo.port} is not called: outbound.hosts lists the hosts that are`,
    );
    setOutbound({ hosts: undefined });
    await expect(create("ONLINE_URL='redis://127.0.0.1:1'")).rejects.toThrow(/must name a table/);
    await expect(create("ONLINE_URL='dynamodb://features', ONLINE_LAYOUT='feast'")).rejects.toThrow(
      /it is for ONLINE_STORE='redis'/,
    );
    expect(node.engine.catalog.queries.size).toBe(0);
    await create("ONLINE_URL='dynamodb://nothere', VALIDATE='OFF'");
    expect([...node.engine.catalog.queries.keys()]).toEqual(['FEATURE_VIEW_V_0', 'EXPORT_V_1']);
    await node.close();
  });
});
