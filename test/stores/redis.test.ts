import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import { setOutbound } from '../../src/util/outbound.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';
import { noRedis, TestRedis } from '../support/redis.ts';

const hour = 3_600_000;

type Event = readonly [key: string, time: number, value: object];
const produce = (node: TestEngine, rows: readonly Event[], topic = 's'): Promise<unknown> =>
  node.engine.node.produce(
    topic,
    rows.map(([key, timestamp, value]) => ({
      key,
      value: JSON.stringify(value),
      timestamp,
      partition: undefined,
    })),
  );
const stream = `CREATE STREAM s (k STRING KEY, ts BIGINT, n BIGINT, x DOUBLE) WITH (kafka_topic='s', partitions=2, value_format='JSON');`;

describe.skipIf(noRedis !== undefined)(`a view in Redis${noRedis === undefined ? '' : `: ${noRedis}`}`, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(() => redis.kill());

  const online = (name: string, more = ''): string =>
    `ONLINE_STORE='redis', ONLINE_URL='${redis.url}', KEY_PREFIX='${name}:'${more}`;

  test('a lost store is rebuilt from the state, by the time of the rows, and takes nothing newer back', async () => {
    const node = await openEngine();
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts WITH (${online('lost')}) AS SELECT k, ts, n FROM s EMIT CHANGES;
      CREATE FEATURE VIEW t ENTITY KEY (k) WITH (${online('losttable')}) AS SELECT k, SUM(n) AS total FROM s GROUP BY k EMIT CHANGES;`);
    const many = Array.from({ length: 1200 }, (_, i): Event => [`k${i}`, 1000 + i, { ts: 1000 + i, n: i }]);
    await produce(node, many);
    const keysOf = async (prefix: string): Promise<string[]> => Object.keys(await redis.hashes(prefix));
    for (const prefix of ['lost:', 'losttable:'])
      await expect.poll(async () => (await keysOf(prefix)).length, { timeout: 20_000 }).toBe(1200);
    const views = await redis.hashes('lost:');
    await redis.with((client) => client.flushAll());
    // One that came back by itself, and is newer than what the state had when it was lost.
    await produce(node, [['k5', 9000, { ts: 9000, n: 77 }]]);
    for (const prefix of ['lost:', 'losttable:'])
      await expect.poll(() => keysOf(prefix), { timeout: 20_000 }).toEqual(['k5']);
    const [part] = await node.run(
      "MATERIALIZE FEATURE VIEW v FROM '1970-01-01T00:00:01.100Z' TO '1970-01-01T00:00:01.300Z';",
    );
    expect(part).toMatchObject({ '@type': 'materialized', view: 'V', entities: 200 });
    expect((await keysOf('lost:')).length).toBe(201);
    const [whole] = await node.run('MATERIALIZE FEATURE VIEW v; MATERIALIZE FEATURE VIEW t;');
    expect(whole).toMatchObject({ entities: 1200 });
    const withoutOffset = (hashes: Record<string, Record<string, string>>): unknown =>
      Object.fromEntries(Object.entries(hashes).map(([key, { _off, ...fields }]) => [key, fields]));
    expect(withoutOffset(await redis.hashes('lost:'))).toEqual(
      withoutOffset({ ...views, k5: { ...views['k5']!, N: '77', TS: '9000', _ts: '9000' } }),
    );
    const rebuilt = await redis.hashes('losttable:');
    expect(Object.keys(rebuilt).length).toBe(1200);
    expect([rebuilt['k5']!['TOTAL'], rebuilt['k6']!['TOTAL']]).toEqual(['82', '6']);
    // It goes on behind the topic, and is set to expire by another TTL from now on.
    await node.run('ALTER FEATURE VIEW v SET (TTL=1000000 DAYS);');
    await produce(node, [['k6', 9500, { ts: 9500, n: 78 }]]);
    await expect.poll(async () => (await redis.hashes('lost:'))['k6']!['N'], { timeout: 20_000 }).toBe('78');
    await expect.poll(async () => (await redis.hashes('losttable:'))['k6']!['TOTAL'], { timeout: 20_000 }).toBe('84');
    const expiries = await redis.with((client) =>
      Promise.all(['lost:k6', 'lost:k7'].map((key) => client.pExpireTime(key))),
    );
    expect(expiries).toEqual([9500 + 1_000_000 * 24 * hour, -1]);
    await node.close();
  });

  test('a backfill brings what came before the view, and takes nothing newer back', async () => {
    const node = await openEngine();
    await node.run(stream);
    await produce(node, [
      ['a', 1000, { ts: 1000, n: 1 }],
      ['b', 2000, { ts: 2000, n: 2 }],
      ['b', 1500, { ts: 1500, n: 20 }],
      ['c', 9000, { ts: 9000, n: 3 }],
    ]);
    await node.run(`CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts WITH (START_TIME='latest', ${online('backfilled')}) AS SELECT k, ts, n FROM s EMIT CHANGES;
      CREATE FEATURE VIEW t ENTITY KEY (k) WITH (START_TIME='latest', ${online('backfilledtable')}) AS SELECT k, SUM(n) AS total FROM s GROUP BY k EMIT CHANGES;`);
    await produce(node, [['a', 3000, { ts: 3000, n: 4 }]]);
    const fields = async (prefix: string, field: string): Promise<Record<string, string | undefined>> =>
      Object.fromEntries(Object.entries(await redis.hashes(prefix)).map(([key, hash]) => [key, hash[field]]));
    await expect.poll(() => fields('backfilled:', 'N'), { timeout: 20_000 }).toEqual({ a: '4' });
    await expect.poll(() => fields('backfilledtable:', 'TOTAL'), { timeout: 20_000 }).toEqual({ a: '4' });
    const backfill = async (view: string, range: string): Promise<void> => {
      const path = mkdtempSync(join(tmpdir(), 'millrace-backfill-'));
      await node.run(`BACKFILL FEATURE VIEW ${view} ${range} WITH (PATH='${path}', MATERIALIZE=TRUE);`);
      await node.engine.backfills.get(view)!.done;
      expect(node.engine.backfills.get(view)!.progress).toMatchObject({ state: 'DONE', error: undefined });
    };
    await backfill('V', "TO '1970-01-01T00:00:03Z'");
    expect(await fields('backfilled:', 'N')).toEqual({ a: '4', b: '2' });
    await backfill('V', '');
    expect(await fields('backfilled:', 'N')).toEqual({ a: '4', b: '2', c: '3' });
    await backfill('T', '');
    expect(await fields('backfilledtable:', 'TOTAL')).toEqual({ a: '4', b: '22', c: '3' });
    await node.close();
  });

  test('a backfill does not bring back an entity that the view has forgotten since', async () => {
    const node = await openEngine();
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) WITH (STATE_TTL='10 SECONDS', ${online('forgotten')}) AS SELECT k, SUM(n) AS total FROM s GROUP BY k;`);
    await produce(node, [
      ['a', 1000, { n: 1 }],
      ['b', 2000, { n: 2 }],
    ]);
    const path = mkdtempSync(join(tmpdir(), 'millrace-backfill-'));
    const keys = async (): Promise<string[]> => Object.keys(await redis.hashes('forgotten:')).sort();
    await expect.poll(keys, { timeout: 20_000 }).toEqual(['a', 'b']);
    // Events of both partitions.
    await produce(
      node,
      Array.from({ length: 40 }, (_, i): Event => [`z${i}`, 30_000, { n: 1 }]),
    );
    await expect.poll(keys, { timeout: 20_000 }).toHaveLength(40);
    await node.run(`BACKFILL FEATURE VIEW v TO '1970-01-01T00:00:05Z' WITH (PATH='${path}', MATERIALIZE=TRUE);`);
    await node.engine.backfills.get('V')!.done;
    expect(node.engine.backfills.get('V')!.progress).toMatchObject({ state: 'DONE', rows: 2, entities: 0 });
    expect(await keys()).toHaveLength(40);
    await node.close();
  });

  test('features are texts under the prefix and the entity, and are served from there', async () => {
    const node = await openEngine();
    const now = Date.now();
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts TTL 48 HOURS WITH (${online('first')}) AS
        SELECT k, ts, n, x, x > 1 AS big, CAST(n AS STRING) + 'é' AS said, ARRAY[n, NULL] AS items FROM s EMIT CHANGES;`);
    await produce(node, [
      ['a', 1, { ts: now, n: 1, x: 0.5 }],
      ['a', 2, { ts: now - hour, n: 2, x: 3 }],
      ['b', 3, { ts: now - 49 * hour, n: 3, x: 1 }],
      ['c', 4, { ts: now, n: null, x: null }],
    ]);
    await node.settle();
    const found = await redis.hashes('first:');
    expect(found).toEqual({
      a: expect.objectContaining({
        TS: String(now),
        N: '1',
        X: '0.5',
        BIG: 'false',
        SAID: '1é',
        ITEMS: '[1,null]',
        _ts: String(now),
      }) as object,
      c: expect.objectContaining({
        TS: String(now),
        _ts: String(now),
      }) as object,
    });
    expect(found['c']).not.toHaveProperty('N');
    const expires = await redis.with((client) => client.pExpireTime('first:a'));
    expect(expires).toBe(now + 48 * hour);
    const columns = await onlineFeatures(
      {
        features: ['v:n', 'v:big', 'v:items'],
        entities: { k: ['a', 'b', 'c', 'zzz'] },
        fullFeatureNames: false,
      },
      node.engine,
      now,
    );
    expect(columns.map(({ values, statuses }) => [values, statuses])).toEqual([
      [['a', 'b', 'c', 'zzz'], Array(4).fill('PRESENT')],
      [
        [1, null, null, null],
        ['PRESENT', 'NOT_FOUND', 'NULL_VALUE', 'NOT_FOUND'],
      ],
      [
        [false, null, false, null],
        ['PRESENT', 'NOT_FOUND', 'PRESENT', 'NOT_FOUND'],
      ],
      [
        [[1, null], null, [null, null], null],
        ['PRESENT', 'NOT_FOUND', 'PRESENT', 'NOT_FOUND'],
      ],
    ]);
    await node.close();
  });

  test('a Redis that dies in the middle loses nothing: it ends as the topic of the view says', async () => {
    const own = await TestRedis.start();
    const node = await openEngine(undefined, {}, undefined, {
      pauses: { firstMs: 20, longestMs: 100 },
    });
    await node.run(`${stream}
      CREATE FEATURE VIEW v ENTITY KEY (k) TIMESTAMP ts WITH (ONLINE_STORE='redis', ONLINE_URL='${own.url}') AS
        SELECT k, ts, n, COUNT(*) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS seen FROM s EMIT CHANGES;`);
    const state = (): string | undefined => node.engine.node.status('EXPORT_V_1')?.state;
    const read = (): number | undefined => node.engine.node.status('EXPORT_V_1')?.recordsIn;
    for (let round = 0; round < 6; round++) {
      const rows = Array.from({ length: 500 }, (_, i): Event => [
        `k${(i * 7) % 50}`,
        1,
        {
          ts: 1000 + ((round * 500 + i * 13) % 3000),
          n: round * 500 + i,
          x: i,
        },
      ]);
      await produce(node, rows.slice(0, 250));
      if (round % 2 === 1) await own.kill();
      else if (round > 0) await expect.poll(read, { timeout: 20_000 }).toBeGreaterThanOrEqual(round * 500);
      await produce(node, rows.slice(250));
      if (round % 2 === 1) {
        await expect.poll(state).toBe('ERROR');
        expect(node.engine.node.status('EXPORT_V_1')!.error).toContain(`Redis at 127.0.0.1:${own.port}`);
        await own.start();
      }
    }
    await expect.poll(async () => (await consume(node.engine, 'V')).length, { timeout: 20_000 }).toBe(3000);
    await expect.poll(state).toBe('RUNNING');
    const expected: Record<string, { ts: number; n: number; seen: number }> = {};
    const topic = await consume(node.engine, 'V');
    for (const record of topic) {
      const [key, json] = [record.slice(0, record.indexOf('@')), record.slice(record.indexOf(' ') + 1)];
      const row = JSON.parse(json) as { TS: number; N: number; SEEN: number };
      if (row.TS >= (expected[key]?.ts ?? 0)) expected[key] = { ts: row.TS, n: row.N, seen: row.SEEN };
    }
    const stored = async (): Promise<typeof expected> =>
      Object.fromEntries(
        Object.entries(await own.hashes('features:V:')).map(([key, row]) => [
          key,
          { ts: Number(row['TS']), n: Number(row['N']), seen: Number(row['SEEN']) },
        ]),
      );
    await expect.poll(stored, { timeout: 20_000 }).toEqual(expected);
    expect(Object.keys(expected)).toHaveLength(50);
    await node.close();
    await own.kill();
  });

  test('an address that does not answer, is not allowed, or holds a password is refused at CREATE', async () => {
    const node = await openEngine();
    await node.run(stream);
    const create = (options: string): Promise<unknown> =>
      node.run(
        `CREATE FEATURE VIEW v ENTITY KEY (k) WITH (ONLINE_STORE='redis', ${options}) AS SELECT k, n FROM s EMIT CHANGES;`,
      );
    await expect(create("ONLINE_URL='redis://127.0.0.1:1'")).rejects.toThrow(
      /store of "V" cannot be used: Redis at 127.0.0.1:1: .*ECONNREFUSED/,
    );
    await expect(create("ONLINE_URL='http://127.0.0.1:1'")).rejects.toThrow(
      /http: is not called: redis: and rediss: are/,
    );
    await expect(create("ONLINE_URL='redis://:pass@127.0.0.1:1'")).rejects.toThrow(
      /a password is a secret of the server/,
    );
    await expect(create("ONLINE_URL='redis://127.0.0.1:1', ONLINE_PASSWORD='plain'")).rejects.toThrow(/secret:name/);
    await expect(create("KEY_PREFIX='x'")).rejects.toThrow(/needs ONLINE_URL/);
    setOutbound({ hosts: ['elsewhere'] });
    await expect(create(`ONLINE_URL='${redis.url}'`)).rejects.toThrow(/outbound.hosts lists/);
    setOutbound({ hosts: undefined });
    expect(node.engine.catalog.queries.size).toBe(0);
    await create("ONLINE_URL='redis://127.0.0.1:1', VALIDATE='OFF'");
    expect([...node.engine.catalog.queries.keys()]).toEqual(['FEATURE_VIEW_V_0', 'EXPORT_V_1']);
    await node.close();
  });
});
