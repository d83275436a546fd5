import { afterEach, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { Session } from '../../src/engine/session.ts';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { parseScript } from '../../src/syntax/parse.ts';
import type { Select } from '../../src/syntax/statements/select.ts';
import { dataFiles, duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

const users = 50;
const events = Array.from({ length: 20_000 }, (_, i) => ({
  u: `u${(i * 7) % users}`,
  n: (i * 31) % 101,
  ts: 1000 + i,
}));
const source = `CREATE STREAM s (u STRING KEY, n BIGINT, ts BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1, timestamp='ts');`;
const view = (feature: string, options = ''): string =>
  `CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (u) ${options} AS SELECT u, ${feature} AS f FROM s GROUP BY u EMIT CHANGES;`;
const over = (feature: string, options = ''): string =>
  `CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (u) TIMESTAMP ts ${options} AS SELECT u, ts, ${feature} OVER (PARTITION BY u ORDER BY ts ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) AS f FROM s EMIT CHANGES;`;

const opened: TestEngine[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
});
async function engineIn(folder?: string): Promise<TestEngine> {
  const engine = await openEngine(folder);
  opened.push(engine);
  return engine;
}

const send = (node: TestEngine, rows: typeof events): Promise<void> =>
  node.engine.node.produce(
    's',
    rows.map(({ u, n, ts }) => ({
      key: u,
      value: JSON.stringify({ N: n, TS: ts }),
      timestamp: ts,
      partition: undefined,
    })),
  );

/** The feature of every user, as /get-online-features answers it. */
async function served({ engine }: TestEngine, name: string): Promise<Record<string, string>> {
  const entities = { u: Array.from({ length: users }, (_, i) => `u${i}`) };
  const columns = await onlineFeatures(
    { features: [`${name}:f`], entities, fullFeatureNames: false },
    engine,
    Date.now(),
  );
  const [keys, feature] = [columns[0]!, columns[1]!];
  return Object.fromEntries(
    keys.values.map((key, i) => [String(key), `${String(feature.values[i])} ${feature.statuses[i]!}`]),
  );
}
async function pulled({ engine }: TestEngine, text: string): Promise<unknown[]> {
  const [select] = parseScript({ name: 'pull', text }) as Select[];
  const stream = await openQuery(select!, engine, new Session(engine.defaults), () => new MemoryBackend());
  const rows: unknown[] = [];
  for await (const batch of stream.rows()) rows.push(...batch.map(({ values }) => values));
  return rows;
}

/** What DuckDB computes of the events, by user. */
async function computed(feature: string, rows = events): Promise<Record<string, string>> {
  const duckdb = await duckDb();
  const list = rows.map(({ u, n, ts }) => `('${u}', ${n}, ${ts})`).join(',');
  const found = await rowsOf(
    duckdb,
    `WITH s(u, n, ts) AS (VALUES ${list}), all_rows AS (SELECT u, ts, ${feature} AS f FROM s)
     SELECT u, arg_max(f, ts)::VARCHAR FROM all_rows GROUP BY u`,
  );
  return Object.fromEntries((found as [string, string][]).map(([u, f]) => [u, `${f} PRESENT`]));
}
const frame = 'OVER (PARTITION BY u ORDER BY ts ROWS BETWEEN 99 PRECEDING AND CURRENT ROW)';
const unbounded = 'OVER (PARTITION BY u ORDER BY ts)';

interface Told {
  readonly version: number;
  readonly versions: readonly Record<string, unknown>[];
  readonly lineage: Record<string, unknown>;
}
const described = async (node: TestEngine, name = 'v'): Promise<Told> =>
  (
    (await node.run(`DESCRIBE FEATURE VIEW ${name};`)) as {
      sourceDescription: { featureView: Told };
    }[]
  )[0]!.sourceDescription.featureView;
const states = async (node: TestEngine): Promise<unknown[]> =>
  (await described(node)).versions.map(({ version, isLive, state }) => [version, isLive, state]);

test.each([
  ['GROUP BY', view('COUNT(*)'), view('SUM(n)'), `COUNT(*) ${unbounded}`, `SUM(n) ${unbounded}`],
  ['OVER', over('COUNT(*)'), over('SUM(n)'), `COUNT(*) ${frame}`, `SUM(n) ${frame}`],
])(
  'while a version is filled every read is of the former one, then of the new one (%s)',
  async (_kind, first, second, one, two) => {
    const node = await engineIn();
    await node.run(source + first.replace('OR REPLACE ', ''));
    await send(node, events);
    await node.settle();
    const [former, newer] = await Promise.all([computed(one), computed(two)]);
    expect(await served(node, 'v')).toEqual(former);
    await node.run(second);
    const reads: string[] = [];
    while (reads.at(-1) !== 'newer' || reads.length < 20) {
      const row = (await pulled(node, "SELECT f FROM v WHERE u = 'u3';"))[0];
      expect(row).toBeDefined();
      const all = await served(node, 'v');
      const text = JSON.stringify(all);
      expect([JSON.stringify(former), JSON.stringify(newer)].map((each) => sorted(each))).toContain(sorted(text));
      reads.push(sorted(text) === sorted(JSON.stringify(newer)) ? 'newer' : 'former');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // It goes over once.
    expect(reads).toEqual([...reads].sort());
    expect(reads[0]).toBe('former');
    expect(await served(node, 'v@v1')).toEqual(former);
    expect(await served(node, 'v@v2')).toEqual(newer);
    const later = [{ u: 'u3', n: 1000, ts: 100_000 }];
    await send(node, later);
    await node.settle();
    expect(await served(node, 'v@v1')).toEqual(await computed(one, [...events, ...later]));
    expect(await served(node, 'v')).toEqual(await computed(two, [...events, ...later]));
    for (const name of ['v', 'v@v1', 'v@v2']) {
      const [answer] = (await node.run(`VERIFY FEATURE VIEW ${name};`)) as {
        verification: VerificationReport;
      }[];
      expect(answer!.verification).toMatchObject({
        result: 'CONSISTENT',
        differing: 0,
      });
    }
    await node.run('DROP FEATURE VIEW v VERSION 1;');
    await expect(served(node, 'v@v1')).rejects.toThrow('does not exist');
    expect(await states(node)).toEqual([[2, true, 'AVAILABLE_ONLINE']]);
  },
);

const sorted = (text: string): string =>
  JSON.stringify(Object.entries(JSON.parse(text) as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1)));

test('a version that is paused or whose store is away is not live, and the former one serves, also after a restart', async () => {
  let node = await engineIn();
  await node.run(source + view('COUNT(*)').replace('OR REPLACE ', ''));
  await send(node, events);
  await node.settle();
  const former = await computed(`COUNT(*) ${unbounded}`);
  await node.run(`${view('SUM(n)')} PAUSE FEATURE_VIEW_V_V2_1;`);
  const told = await described(node);
  expect(told.version).toBe(1);
  expect(told.versions[1]).toMatchObject({
    name: 'V@V2',
    isLive: false,
    state: 'PAUSED',
    query: 'FEATURE_VIEW_V_V2_1',
  });
  expect(told.versions[1]!['progress']).toBeLessThan(1);
  const { folder } = node;
  await node.close();
  opened.splice(0);
  node = await engineIn(folder);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await states(node)).toEqual([
    [1, true, 'AVAILABLE_ONLINE'],
    [2, false, 'PAUSED'],
  ]);
  expect(await served(node, 'v')).toEqual(former);
  // Another one beside it, of which the store is away.
  await node.run(over('SUM(n)', `WITH (ONLINE_STORE='redis', ONLINE_URL='redis://127.0.0.1:1', VALIDATE='OFF')`));
  await expect
    .poll(async () => (await described(node)).versions[2], { timeout: 20_000 })
    .toMatchObject({
      state: 'ERROR',
      isLive: false,
      keyPrefix: 'features:V@v3:',
    });
  expect((await described(node)).versions[2]!['error']).toMatch(/ECONNREFUSED/);
  expect(await served(node, 'v')).toEqual(former);
  await node.run(`CREATE OR REPLACE FEATURE VIEW v ENTITY KEY (u) AS SELECT u, SUM(n) AS g FROM s GROUP BY u EMIT CHANGES;
    PAUSE FEATURE_VIEW_V_V4_4;`);
  await expect(node.run('CREATE FEATURE SERVICE reader FEATURES (v.f);')).rejects.toThrow(
    'version 4 of V is to be live, and the service reads F, which would not be there',
  );
  await node.run('CREATE FEATURE SERVICE reader FEATURES (v@v1.f); DROP FEATURE VIEW v VERSION 4;');
  await node.run('DROP FEATURE VIEW v VERSION 3; RESUME FEATURE_VIEW_V_V2_1;');
  await node.settle();
  expect(await states(node)).toEqual(
    [
      [1, true, 'AVAILABLE_ONLINE'],
      [2, true, 'AVAILABLE_ONLINE'],
    ].map(([version, , state]) => [version, version === 2, state]),
  );
  expect(await served(node, 'v')).toEqual(await computed(`SUM(n) ${unbounded}`));
});

test('of two versions the newer one stays live, whichever comes first', async () => {
  const node = await engineIn();
  await node.run(source + view('COUNT(*)').replace('OR REPLACE ', ''));
  await send(node, events);
  await node.run(`${view('SUM(n)')} PAUSE FEATURE_VIEW_V_V2_1; ${view('MAX(n)')}`);
  await node.settle();
  expect(await states(node)).toEqual([
    [1, false, 'AVAILABLE_ONLINE'],
    [2, false, 'PAUSED'],
    [3, true, 'AVAILABLE_ONLINE'],
  ]);
  await node.run('RESUME FEATURE_VIEW_V_V2_1;');
  await node.settle();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await described(node)).version).toBe(3);
  expect(await served(node, 'v')).toEqual(await computed(`MAX(n) ${unbounded}`));
  expect(await served(node, 'v@v2')).toEqual(await computed(`SUM(n) ${unbounded}`));
});

test("with START_TIME='latest' a version begins with what comes", async () => {
  const node = await engineIn();
  await node.run(source + view('COUNT(*)').replace('OR REPLACE ', ''));
  await send(node, events.slice(0, 1000));
  await node.settle();
  await node.run(view('SUM(n)', "WITH (START_TIME='latest')"));
  await node.settle();
  await send(node, [{ u: 'u3', n: 5, ts: 9000 }]);
  await node.settle();
  const now = await served(node, 'v');
  expect([now['u3'], now['u4']]).toEqual(['5 PRESENT', 'null NOT_FOUND']);
  expect((await served(node, 'v@v1'))['u4']).toBe('20 PRESENT');
});

test('who reads a version goes on with it, and DESCRIBE tells which', async () => {
  let node = await engineIn();
  await node.run(`${source} ${view('COUNT(*)').replace('OR REPLACE ', '')}
    CREATE TABLE behind AS SELECT u, f FROM v WHERE f > 0;
    CREATE FEATURE SERVICE pinned FEATURES (v@v1.f);`);
  await send(node, events);
  await node.settle();
  const [select] = parseScript({
    name: 'push',
    text: 'SELECT u, f FROM v EMIT CHANGES;',
  }) as Select[];
  const push = await openQuery(select!, node.engine, new Session(node.engine.defaults), () => new MemoryBackend());
  await node.run(view('SUM(n)'));
  await node.settle();
  const told = await described(node);
  expect(told.versions.map(({ readers }) => readers)).toEqual([['CTAS_BEHIND_1', 'PINNED'], []]);
  expect((await described(node, 'v@v1')).lineage).toMatchObject({
    queries: ['CTAS_BEHIND_1'],
    topics: ['s'],
  });
  expect(node.engine.catalog.queries.get('CTAS_BEHIND_1')).toMatchObject({
    sources: ['V@V1'],
    sink: 'BEHIND',
  });
  expect(node.engine.pushQueries.all().map(({ sources }) => sources)).toEqual([['V@V1']]);
  await expect(node.run('DROP FEATURE VIEW v VERSION 1;')).rejects.toThrow('"V@V1" is used by CTAS_BEHIND_1, PINNED');
  // It is so by the command log alone.
  const { folder } = node;
  push.close();
  await node.close();
  opened.splice(0);
  node = await engineIn(folder);
  await node.settle();
  expect((await described(node)).versions.map(({ readers }) => readers)).toEqual([['CTAS_BEHIND_1', 'PINNED'], []]);
  const counts = await computed(`COUNT(*) ${unbounded}`);
  expect(await pulled(node, "SELECT f FROM behind WHERE u = 'u5';")).toEqual([
    [BigInt(counts['u5']!.split(' ')[0]!)].map(Number),
  ]);
  await node.run('DROP FEATURE VIEW v VERSION 1 CASCADE;');
  expect([...node.engine.catalog.sources.keys()]).toEqual(['S', 'V']);
  // What is left in the topic of a version is of no later one.
  await node.run(`DROP FEATURE VIEW v; ${view('COUNT(*)', "WITH (KAFKA_TOPIC='other')")}`);
  await node.run(view('SUM(n)'));
  await node.settle();
  const topics = (await described(node)).versions.map(({ topic }) => topic);
  expect(topics).toEqual(['other', expect.stringMatching(/^V-v2-\d+$/)]);
});

test('who reads a version reads nothing of an entity that was deleted from it, also by another name of it', async () => {
  let node = await engineIn();
  await node.run(`${source} ${over('COUNT(*)').replace('OR REPLACE ', '')}
    CREATE STREAM behind AS SELECT u, f FROM v EMIT CHANGES; PAUSE CSAS_BEHIND_1;`);
  await send(node, events.slice(0, 100));
  await node.settle();
  await node.run("DELETE ENTITY 'u7' FROM FEATURE VIEW v;");
  const [answer] = (await node.run(over('SUM(n)'))) as { warnings: { message: string }[] }[];
  expect(answer!.warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining('DELETE ENTITY was run on V 1 time: the new version has what its sources still have'),
  ]);
  await node.settle();
  expect([(await served(node, 'v@v1'))['u7'], (await served(node, 'v'))['u7']]).toEqual([
    'null NOT_FOUND',
    '97 PRESENT',
  ]);
  const { folder } = node;
  await node.close();
  opened.splice(0);
  node = await engineIn(folder);
  await node.run('RESUME CSAS_BEHIND_1;');
  await node.settle();
  const read = await consume(node.engine, 'BEHIND');
  expect(read).toHaveLength(98);
  expect(read.filter((row) => row.startsWith('u7@'))).toEqual([]);
  // Deleted again, it is gone from both.
  await node.run("DELETE ENTITY 'u7' FROM FEATURE VIEW v;");
  expect([(await served(node, 'v@v1'))['u7'], (await served(node, 'v'))['u7']]).toEqual([
    'null NOT_FOUND',
    'null NOT_FOUND',
  ]);
});

test('a version has files of its own, which a training set of its name reads', async () => {
  const node = await engineIn();
  const path = newFolder();
  const files = `WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/v', ROWS_PER_FILE=500)`;
  await node.run(source + over('COUNT(*)', files).replace('OR REPLACE ', ''));
  await send(node, events);
  await node.settle();
  await node.run(over('SUM(n)', files));
  await node.settle();
  expect((await described(node)).versions.map(({ offlinePath, topic }) => [offlinePath, topic])).toEqual([
    [`${path}/v`, 'V'],
    [`${path}/v@v2`, 'V-v2'],
  ]);
  const duckdb = await duckDb();
  const inFiles = async (folder: string): Promise<unknown> =>
    Object.fromEntries(
      (
        (await rowsOf(
          duckdb,
          `SELECT U, arg_max(F, _offset)::VARCHAR FROM read_parquet('${folder}/*/*.parquet') GROUP BY U`,
        )) as [string, string][]
      ).map(([u, f]) => [u, `${f} PRESENT`]),
    );
  expect(dataFiles(`${path}/v`)).toHaveLength(40);
  expect(await inFiles(`${path}/v`)).toEqual(await computed(`COUNT(*) ${frame}`));
  expect(await inFiles(`${path}/v@v2`)).toEqual(await computed(`SUM(n) ${frame}`));
  for (const [name, feature] of [
    ['v@v1', 'COUNT(*)'],
    ['v', 'SUM(n)'],
  ] as const) {
    await node.run(`CREATE OR REPLACE TRAINING SET g WITH (PATH='${path}/g', MODE='OVERWRITE') AS
      SELECT s.u AS who, x.f AS feature FROM s LEFT JOIN ${name} FOR SYSTEM_TIME AS OF s.ts AS x ON s.u = x.u;`);
    await node.engine.trainingJobs.get('G')!.done;
    const list = events.map(({ u, n, ts }) => `('${u}', ${n}, ${ts})`).join(',');
    const wrong = await rowsOf(
      duckdb,
      `WITH s(u, n, ts) AS (VALUES ${list}), e AS (SELECT u, ${feature} ${frame} AS f FROM s), g AS (SELECT WHO AS u, FEATURE AS f FROM read_parquet('${path}/g/*.parquet'))
       SELECT count(*)::INT, (SELECT count(*)::INT FROM ((SELECT u, f FROM e EXCEPT ALL SELECT u, f FROM g) UNION ALL (SELECT u, f FROM g EXCEPT ALL SELECT u, f FROM e))) FROM g`,
    );
    expect(wrong).toEqual([[events.length, 0]]);
  }
});
