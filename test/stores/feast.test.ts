import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ReachedStores } from '../../src/adapters/online/reached-stores.ts';
import type { OnlineSpec } from '../../src/runtime/ports/online-store.ts';
import { feastPython, noFeast } from '../support/feast.ts';
import { openEngine } from '../support/memory-node.ts';
import { noRedis, TestRedis } from '../support/redis.ts';

const missing = noRedis ?? noFeast;

test.skipIf(missing !== undefined)(
  `Feast's own Redis online store reads what a view wrote, and what it writes is read here${missing === undefined ? '' : `: ${missing}`}`,
  { timeout: 120_000 },
  async () => {
    const redis = await TestRedis.start();
    const node = await openEngine();
    onTestFinished(async () => {
      await node.close();
      await redis.kill();
    });
    const online = `ONLINE_STORE='redis', ONLINE_URL='${redis.url}', ONLINE_LAYOUT='feast', KEY_PREFIX='shop'`;
    await node.run(`
      CREATE STREAM s (k STRING KEY, n BIGINT, i INT, x DOUBLE, b BOOLEAN, y BYTES, t TIMESTAMP, ns ARRAY<BIGINT>, ss ARRAY<STRING>, d DATE)
        WITH (kafka_topic='s', partitions=1, value_format='JSON');
      CREATE FEATURE VIEW many ENTITY KEY (k) WITH (${online}) AS
        SELECT k, n, i, x, b, k + '!' AS s, y, t, ns, ss, d FROM s EMIT CHANGES;
      CREATE STREAM pairs (c BIGINT KEY, k STRING KEY, n BIGINT) WITH (kafka_topic='pairs', partitions=1, format='JSON');
      CREATE FEATURE VIEW both ENTITY KEY (k, c) WITH (${online}) AS SELECT k, c, n FROM pairs PARTITION BY k, c EMIT CHANGES;`);
    const row = {
      n: -5,
      i: 6,
      x: 0.5,
      b: true,
      y: 'AQI=',
      t: 1_700_000_000_000,
      ns: [1, -2],
      ss: ['p', 'é'],
      d: 19_000,
    };
    await node.engine.node.produce('s', [
      { key: 'a', value: JSON.stringify(row), timestamp: 1_700_000_000_123, partition: undefined },
      {
        key: 'é',
        value: JSON.stringify({ ...row, n: 0 }).replace('"n":0', '"n":9007199254740993'),
        timestamp: 1_700_000_001_000,
        partition: undefined,
      },
      { key: 'nulls', value: '{}', timestamp: 1_700_000_002_000, partition: undefined },
    ]);
    await node.run("INSERT INTO pairs (ROWTIME, c, k, n) VALUES (1700000003000, 7, 'a', 42);");
    await node.settle();
    await node.settle();
    const script = join(import.meta.dirname, 'feast_reader.py');
    const said = execFileSync(feastPython, [script, `127.0.0.1:${redis.port}`, 'shop'], { encoding: 'utf8' });
    const all = { i: 6, x: 0.5, b: true, y: '0102', t: 1_700_000_000, ns: '[1,-2]', ss: '["p","é"]', d: '2022-01-08' };
    // What Feast has no type for is text.
    const none = Object.fromEntries(['n', ...Object.keys(all)].map((name) => [name, null]));
    expect(JSON.parse(said.trim().split('\n').at(-1)!)).toEqual([
      [1_700_000_000_123, { ...all, n: -5, s: 'a!' }],
      [1_700_000_001_000, { ...all, n: '9007199254740993', s: 'é!' }],
      [1_700_000_002_000, { ...none, s: 'nulls!' }],
      // Feast says so of an entity that is not there.
      [0, { ...none, s: null }],
      [1_700_000_003_000, { n: 42 }],
    ]);
    const spec = [...node.engine.catalog.queries.values()].find(({ plan }) => plan.online?.view === 'MANY')!.plan
      .online!;
    const stores = new ReachedStores();
    const columns = node.engine.catalog.sources.get('MANY')!.spec.schema;
    const [found] = await stores.open(spec satisfies OnlineSpec, columns).read([['theirs']]);
    const told = Object.fromEntries(columns.map(({ name }, slot) => [name, found!.row[slot]]));
    expect(found!.time).toBe(1_700_000_500_000);
    expect(told).toMatchObject({ K: 'theirs', N: 77, X: 0.25, S: 'feast', B: null });
    await stores.close();
  },
);
