import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, TIMESTAMP, type Row } from '../../src/types/sql-type.ts';
import { duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine } from '../support/memory-node.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';

/** With MILLRACE_TEST_SCALE=100 a million events and a million rows of the spine. */
const total = runsOf(10_000);
const root = join(import.meta.dirname, '../..');
const dist = (path: string): string => JSON.stringify(join(root, 'dist/src', path));

const minute = 60_000;
const begin = Date.UTC(2026, 0, 1);
const users = Math.max(40, Math.floor(total / 250));

interface Event {
  readonly n: number;
  readonly u: string | null;
  readonly ts: number;
  readonly v: number | null;
  readonly shop: string | null;
}
/** Events with ties, out of order by up to half a minute, without a user or a value; the last ones let all windows close. */
function eventsOf(random: Random): Event[] {
  let clock = begin;
  const events = Array.from({ length: total }, (_, n): Event => {
    clock += random.below(3) === 0 ? 0 : random.below(900);
    return {
      n,
      u: random.below(50) === 0 ? null : `u${random.below(users)}`,
      ts: clock - (random.below(4) === 0 ? random.below(30_000) : 0),
      v: random.below(20) === 0 ? null : random.below(1000) / 4,
      shop: random.below(20) === 0 ? null : `s${random.below(9)}`,
    };
  });
  const closing = Array.from({ length: 60 }, (_, i): Event => {
    return { n: total + i, u: `closing${i}`, ts: clock + 3 * 60 * minute, v: 0, shop: null };
  });
  return [...events, ...closing];
}

const sql = (files: string): string => `
  CREATE STREAM s (u STRING KEY, ts BIGINT, v DOUBLE, shop STRING) WITH (kafka_topic='s', value_format='JSON', partitions=3);
  CREATE FEATURE VIEW spend ENTITY KEY (u) TIMESTAMP ts TTL 30 MINUTES WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${files}/spend', ROWS_PER_FILE=1000, ROLL_INTERVAL='1 SECOND') AS
    SELECT u, ts, COUNT(*) OVER w AS n, SUM(v) OVER w AS total, MAX(v) OVER w AS most, COUNT(DISTINCT shop) OVER w AS shops FROM s
    WINDOW w AS (PARTITION BY u ORDER BY ts RANGE BETWEEN INTERVAL '10' MINUTE PRECEDING AND CURRENT ROW GRACE PERIOD 1 MINUTE) EMIT FINAL;
  CREATE FEATURE VIEW newest ENTITY KEY (u) TIMESTAMP ts TTL 5 MINUTES AS SELECT u, ts, v, shop FROM s EMIT CHANGES;
  CREATE FEATURE VIEW arrived ENTITY KEY (u) TIMESTAMP ts WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${files}/arrived', ROLL_INTERVAL='1 SECOND') AS
    SELECT u, ts, AVG(v) OVER w AS mean, LAG(shop) OVER w AS before FROM s
    WINDOW w AS (PARTITION BY u ORDER BY ts RANGE BETWEEN INTERVAL '5' MINUTE PRECEDING AND CURRENT ROW GRACE PERIOD 1 MINUTE) EMIT CHANGES;
  CREATE FEATURE VIEW hourly ENTITY KEY (u) WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${files}/hourly', ROLL_INTERVAL='1 SECOND') AS
    SELECT u, COUNT(*) AS n, SUM(v) AS total FROM s WINDOW HOPPING (SIZE 4 MINUTES, ADVANCE BY 2 MINUTES, GRACE PERIOD 10 SECONDS) GROUP BY u EMIT CHANGES;`;

/** Sends the events up to a number from where the topic ends; killed at the nth commit, or ends in good order. */
const script = (folder: string, files: string, events: string): string => `
  import { readFileSync } from 'node:fs';
  import { EmbeddedNode } from ${dist('adapters/embedded/embedded-node.js')};
  import { RocksBackend } from ${dist('adapters/rocksdb/rocks-backend.js')};
  import { Engine } from ${dist('engine/engine.js')};
  import { Session } from ${dist('engine/session.js')};
  import { executeScript } from ${dist('statements/index.js')};
  let left = Number(process.env.KILLED_AT);
  const node = await EmbeddedNode.open({ folder: ${JSON.stringify(folder)}, openBackend: (f) => RocksBackend.open(f), models: undefined, serviceId: 'test_', sync: false,
    observe: (step) => { if (step === 'sent' && --left === 0) process.kill(process.pid, 'SIGKILL'); } });
  const engine = new Engine({ node, models: undefined, serviceId: 'test_', defaults: { 'auto.offset.reset': 'earliest' } });
  await engine.start();
  if (engine.catalog.sources.size === 0) await executeScript({ name: 't', text: ${JSON.stringify(sql(files))} }, engine, new Session(engine.defaults));
  const events = JSON.parse(readFileSync(${JSON.stringify(events)}, 'utf8'));
  const reader = await node.openReader('s', 'beginning');
  let at = 0;
  for (let r; (r = await reader.poll(10000, 0)).length > 0; ) at += r.length;
  for (const to = Number(process.env.UP_TO); at < to; at += 100) {
    await node.produce('s', events.slice(at, Math.min(at + 100, to)).map(({ u, ts, v, shop }) => ({ key: u, value: JSON.stringify({ ts, v, shop }), timestamp: ts, partition: undefined })));
    await new Promise((r) => setTimeout(r, 1));
  }
  while ([...engine.catalog.queries.keys()].some((id) => (node.status(id)?.lag ?? 1) > 0)) await new Promise((r) => setTimeout(r, 20));
  await new Promise((r) => setTimeout(r, 1500));
  await engine.close();
  process.exit(0);`;

const run = (code: string, upTo: number, killedAt: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...process.env, UP_TO: String(upTo), KILLED_AT: String(killedAt) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('exit', (status, signal) => {
      if (status === 0 || signal === 'SIGKILL') resolve(signal === 'SIGKILL');
      else reject(new TypeError(`ended with ${status}`));
    });
  });

test('online, files, a recomputation and training sets agree, over restarts and a kill, and with DuckDB', async () => {
  const random = new Random(seedOf(18));
  const [folder, files, work] = [newFolder(), newFolder(), newFolder()];
  const events = eventsOf(random);
  const list = join(work, 'events.json');
  writeFileSync(list, JSON.stringify(events));
  const code = script(folder, files, list);
  expect(await run(code, Math.floor(total / 4), 0)).toBe(false);
  expect(await run(code, Math.floor(total / 2), 0)).toBe(false);
  expect(await run(code, events.length, 20 + random.below(20))).toBe(true);
  expect(await run(code, events.length, 0)).toBe(false);

  const node = await openEngine(folder);
  for (const name of ['spend', 'newest', 'arrived', 'hourly']) {
    const [{ verification: report }] = (await node.run(`VERIFY FEATURE VIEW ${name};`)) as [
      { verification: VerificationReport },
    ];
    const offline = report.offline === null ? 0 : report.offline.rows + report.offline.pending;
    expect([name, report.differing, report.differences, report.orderDependent]).toEqual([name, 0, [], null]);
    expect([name, report.answers > total / 2, report.recomputed.rows]).toEqual([name, true, report.answers]);
    expect([name, offline]).toEqual([name, report.offline === null ? 0 : report.answers]);
    console.log(`${name}: ${report.answers} answers verified in ${report.ms} ms`);
  }

  // A spine of known and unknown users, at times before, within and behind the features.
  const end = events.at(total - 1)!.ts;
  const spine = Array.from({ length: total }, (_, n): Row => {
    const u = random.below(40) === 0 ? null : `u${random.below(users + 2)}`;
    const event = events[random.below(total)]!;
    const ts = random.below(3) === 0 ? event.ts : begin - minute + random.below(end - begin + 60 * minute);
    return [n, random.below(3) === 0 ? event.u : u, ts];
  });
  const encode = await parquetEncoder([
    { name: 'N', type: BIGINT },
    { name: 'U', type: STRING },
    { name: 'TS', type: TIMESTAMP },
  ]);
  writeFileSync(join(work, 'spine.parquet'), encode(spine));
  await node.run(`CREATE TRAINING SET t WITH (PATH='${work}/t') AS
    SELECT l.n AS id, a.n AS n, a.total AS total, a.most AS most, a.shops AS shops, b.v AS v, b.shop AS shop FROM FILE('${work}/spine.parquet') AS l
    LEFT JOIN spend FOR SYSTEM_TIME AS OF l.ts AS a ON l.u = a.u LEFT JOIN newest FOR SYSTEM_TIME AS OF l.ts AS b ON l.u = b.u;`);
  await node.engine.trainingJobs.get('T')!.done;
  expect(node.engine.trainingJobs.get('T')!.progress).toMatchObject({ state: 'DONE', rowsWritten: total });
  await node.close();

  const duckdb = await duckDb();
  await duckdb.run(`CREATE TABLE e AS SELECT n::BIGINT AS n, u, ts::BIGINT AS ts, v::DOUBLE AS v, shop
    FROM read_json('${list}', columns={n: 'BIGINT', u: 'VARCHAR', ts: 'BIGINT', v: 'DOUBLE', shop: 'VARCHAR'}) WHERE u IS NOT NULL`);
  await duckdb.run(`CREATE TABLE spend AS SELECT DISTINCT u, ts, count(*) OVER w AS n, sum(v) OVER w AS total, max(v) OVER w AS most, count(DISTINCT shop) OVER w AS shops
    FROM e WINDOW w AS (PARTITION BY u ORDER BY ts RANGE BETWEEN ${10 * minute} PRECEDING AND CURRENT ROW)`);
  await duckdb.run(
    'CREATE TABLE newest AS SELECT * FROM e QUALIFY row_number() OVER (PARTITION BY u, ts ORDER BY n DESC) = 1',
  );
  await duckdb.run(
    `CREATE TABLE spine AS SELECT N AS id, U AS u, epoch_ms(TS) AS ts FROM read_parquet('${work}/spine.parquet')`,
  );
  const isLive = (view: string, minutes: number, column: string): string =>
    `CASE WHEN ${view}.ts >= s.ts - ${minutes * minute} THEN ${view}.${column} END AS ${column}`;
  await duckdb.run(`CREATE TABLE expected AS SELECT s.id, ${['n', 'total', 'most', 'shops'].map((column) => isLive('a', 30, column)).join()}, ${['v', 'shop'].map((column) => isLive('b', 5, column)).join()}
    FROM spine s ASOF LEFT JOIN spend a ON s.u = a.u AND s.ts >= a.ts ASOF LEFT JOIN newest b ON s.u = b.u AND s.ts >= b.ts`);
  await duckdb.run(
    `CREATE TABLE made AS SELECT ID AS id, N AS n, TOTAL AS total, MOST AS most, SHOPS AS shops, V AS v, SHOP AS shop FROM read_parquet('${work}/t/part-*.parquet')`,
  );
  expect(await rowsOf(duckdb, '(FROM expected EXCEPT ALL FROM made) LIMIT 10')).toEqual([]);
  expect(await rowsOf(duckdb, '(FROM made EXCEPT ALL FROM expected) LIMIT 10')).toEqual([]);
  const answers = `SELECT U AS u, epoch_ms(event_timestamp) AS ts, N AS n, TOTAL AS total, MOST AS most, SHOPS AS shops FROM read_parquet('${files}/spend/*/*.parquet') WHERE U IS NOT NULL AND U NOT LIKE 'closing%'`;
  const wanted = "SELECT u, ts, n, total, most, shops FROM spend WHERE u NOT LIKE 'closing%'";
  expect(await rowsOf(duckdb, `(${wanted} EXCEPT ${answers}) LIMIT 10`)).toEqual([]);
  expect(await rowsOf(duckdb, `(${answers} EXCEPT ${wanted}) LIMIT 10`)).toEqual([]);
  // Every kind of row is among them: found, expired, not yet there, without a key.
  const [[found, none]] = (await rowsOf(
    duckdb,
    'SELECT (count(n) > 100)::INT, (count(*) FILTER (n IS NULL) > 100)::INT FROM made',
  )) as [[number, number]];
  expect([found, none]).toEqual([1, 1]);
}, 3_600_000);
