import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import type { VerificationReport } from '../../src/engine/verification/report.ts';
import { parquetEncoder } from '../../src/files/parquet-writer.ts';
import { BIGINT, STRING, TIMESTAMP, type Row } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { TestDynamo } from '../support/dynamodb.ts';
import { duckDb, newFolder, rowsOf } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { noRedis, TestRedis } from '../support/redis.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { produceRows } from '../support/view-kinds.ts';

let redis: TestRedis;
let dynamo: TestDynamo;
beforeAll(async () => {
  if (noRedis !== undefined) return;
  redis = await TestRedis.start();
  dynamo = await TestDynamo.start('features');
});
afterAll(async () => {
  if (noRedis !== undefined) return;
  await redis.kill();
  await dynamo.kill();
});

const users = ['a', 'b', 'c', 'ü|x'];

/** Queries whose feature times go back, with the TIMESTAMP that each names; `f` is their feature. */
const queries: Readonly<Record<string, readonly [time: string, select: string]>> = {
  counted: ['TIMESTAMP ts', 'SELECT u, LATEST_BY_OFFSET(ts) AS ts, COUNT(*) AS f FROM s GROUP BY u EMIT CHANGES'],
  first: [
    'TIMESTAMP ts',
    'SELECT u, MIN(ts) AS ts, COUNT(*) AS f FROM s GROUP BY u HAVING COUNT(*) % 3 <> 0 EMIT CHANGES',
  ],
  firsts: [
    'TIMESTAMP ts',
    'SELECT u, ts, v AS f FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY ts) = 1 EMIT CHANGES',
  ],
  told: ['TIMESTAMP ts', 'SELECT u, ts, v AS f FROM t EMIT CHANGES'],
  some: ['', 'SELECT u, v AS f FROM t WHERE v > 2 EMIT CHANGES'],
  events: ['TIMESTAMP ts', 'SELECT u, ts, v AS f FROM s EMIT CHANGES'],
};
const names = Object.keys(queries);
const places = ['state', 'redis', 'dynamodb'] as const;

/** A change of a view as its topic has it; without a value: a deletion. */
interface Told {
  readonly u: string;
  readonly time: number;
  readonly f: number | null | undefined;
}
async function toldBy(node: TestEngine, view: string): Promise<Told[]> {
  const reader = await node.engine.node.openReader(view.toUpperCase(), 'beginning');
  const told: Told[] = [];
  for (let records; (records = await reader.poll(1000, 0)).length > 0;)
    for (const { key, value, timestamp } of records) {
      const row =
        value === null ? undefined : (JSON.parse(value.toString()) as { TS?: number | null; F: number | null });
      told.push({ u: key!.toString(), time: row?.TS ?? timestamp, f: row?.F });
    }
  reader.close();
  return told;
}
/** The feature as of a time: of a table its last change up to then, of a stream the row of the greatest time. */
function asOf(told: readonly Told[], u: string, time: number, isTable: boolean): number | null {
  let best: Told | undefined;
  for (const one of told)
    if (one.u === u && one.time <= time && (isTable || best === undefined || one.time >= best.time)) best = one;
  return best?.f ?? null;
}

test.skipIf(noRedis !== undefined)(
  'however feature times go back, state, Redis, DynamoDB, files, training sets, joins and VERIFY have the same row of an entity',
  async () => {
    const random = new Random(seedOf(18_081));
    const encode = await parquetEncoder([
      { name: 'n', type: BIGINT },
      { name: 'u', type: STRING },
      { name: 'ts', type: TIMESTAMP },
    ]);
    for (let trial = 0; trial < runsOf(3); trial++) {
      const path = newFolder();
      await redis.with((client) => client.flushAll());
      const stores: Readonly<Record<(typeof places)[number], (view: string) => string>> = {
        state: (view) =>
          trial % 2 === 0
            ? "OWNER='x'"
            : `OFFLINE_STORE='parquet', OFFLINE_PATH='${path}/${view}', ROWS_PER_FILE=${1 + random.below(5)}, ROLL_INTERVAL='1 SECOND'`,
        redis: (view) => `ONLINE_STORE='redis', ONLINE_URL='${redis.url}', KEY_PREFIX='${trial}${view}:'`,
        dynamodb: (view) => `ONLINE_STORE='dynamodb', ONLINE_URL='dynamodb://features', KEY_PREFIX='${trial}${view}:'`,
      };
      const node = await openEngine();
      await node.run(`CREATE STREAM s (u STRING KEY, ts BIGINT, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');
        CREATE TABLE t (u STRING PRIMARY KEY, ts BIGINT, v INT) WITH (kafka_topic='t', partitions=1, value_format='JSON');
        CREATE STREAM q (u STRING KEY, n INT) WITH (kafka_topic='q', partitions=1, value_format='JSON');`);
      for (const [name, [time, select]] of Object.entries(queries)) {
        for (const place of places) {
          const view = place === 'state' ? name : `${name}_${place}`;
          await node.run(
            `CREATE FEATURE VIEW ${view} ENTITY KEY (u) ${time} WITH (${stores[place](view)}) AS ${select};`,
          );
        }
        await node.run(
          `CREATE STREAM j_${name} AS SELECT q.u, q.n AS n, v.f AS f FROM q LEFT JOIN ${name} FOR SYSTEM_TIME AS OF q.ROWTIME AS v ON q.u = v.u;`,
        );
      }
      let clock = 1_000_000;
      for (let i = 0; i < 12; i++) {
        const rows = Array.from({ length: 1 + random.below(5) }, () => {
          clock += random.pick([0, 300, 2500, 60_000]);
          const ts = clock - random.pick([0, 0, 1, 4000, 100_000]);
          return [random.pick(users), ts, { ts: random.below(9) === 0 ? null : ts, v: random.below(9) }] as const;
        });
        await produceRows(node, 's', rows);
        await produceRows(
          node,
          't',
          rows.map(([u, ts, value]) => [u, ts, random.below(5) === 0 ? null : value] as const),
        );
        await node.settle();
      }
      const told = new Map<string, Told[]>();
      for (const name of names) told.set(name, await toldBy(node, name));
      const expected = (name: string, asked: readonly (readonly [u: string, time: number])[]): (number | null)[] =>
        asked.map(([u, time]) =>
          asOf(told.get(name)!, u, time, node.engine.catalog.sources.get(name.toUpperCase())!.spec.kind === 'TABLE'),
        );
      const now = users.map((u) => [u, Infinity] as const);
      for (const name of names) {
        for (const place of places) {
          const view = place === 'state' ? name : `${name}_${place}`;
          const request = { features: [`${view}:f`], entities: { u: users }, fullFeatureNames: false };
          const served = async (): Promise<unknown[]> =>
            (await onlineFeatures(request, node.engine, 0)).at(-1)!.values.map((value) => value && Number(value));
          await expect
            .poll(async () => [view, await served()], { timeout: 20_000 })
            .toEqual([view, expected(name, now)]);
        }
        const [{ verification }] = (await node.run(`VERIFY FEATURE VIEW ${name};`)) as [
          { verification: VerificationReport },
        ];
        expect([name, verification.result, verification.differences]).toEqual([name, 'CONSISTENT', []]);
      }
      // Times before, at and between those of the rows; deletions and rows of other users stand at them too.
      const times = [...told.values()].flat().map(({ time }) => time);
      const asked = Array.from(
        { length: 120 },
        () => [random.pick(users), random.pick(times) + random.pick([-1, 0, 0, 0, 1, 5000])] as const,
      ).sort(([, a], [, b]) => a - b);
      await produceRows(
        node,
        'q',
        asked.map(([u, time], n) => [u, time, { n }] as const),
      );
      writeFileSync(`${path}/spine.parquet`, encode(asked.map(([u, time], n): Row => [n, u, time])));
      await node.settle();
      for (const name of names)
        await node.run(`CREATE TRAINING SET of_${name} WITH (PATH='${path}/of_${name}') AS
          SELECT l.n, v.f FROM FILE('${path}/spine.parquet') AS l LEFT JOIN ${name} FOR SYSTEM_TIME AS OF l.ts AS v ON l.u = v.u;`);
      const duckdb = await duckDb();
      for (const name of names) {
        await node.engine.trainingJobs.get(`OF_${name.toUpperCase()}`)!.done;
        const rows = await rowsOf(
          duckdb,
          `SELECT F::INT FROM read_parquet('${join(path, `of_${name}`)}/part-*.parquet') ORDER BY N`,
        );
        expect([name, (rows as [number | null][]).map(([f]) => f)]).toEqual([name, expected(name, asked)]);
        const joined = (await toldBy(node, `j_${name}`)).map(({ f }) => f);
        expect([name, joined]).toEqual([name, expected(name, asked)]);
      }
      await node.close();
    }
  },
  600_000,
);
