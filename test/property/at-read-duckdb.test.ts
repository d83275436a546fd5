import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuckDBConnection } from '@duckdb/node-api';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { duckDb, newFolder } from '../support/files.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { runsOf } from '../support/scale.ts';

let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await duckDb();
});
afterAll(() => duckdb.closeSync());

interface Event {
  readonly user: string;
  readonly place: number;
  readonly amount: number;
  readonly ts: number;
}
const frameMs = 60_000;
const tileMs = 10_000;
const lateMs = 5000;
const [users, places] = [
  ['a', 'b', 'c'],
  [1, 2],
];

/** Events in the order of their arrival; some are late, and some of one time. */
const arrivals = fc
  .array(
    fc.record({
      user: fc.constantFrom(...users),
      place: fc.constantFrom(...places),
      amount: fc.integer({ min: -50, max: 50 }),
      step: fc.constantFrom(0, 1, 400, 3000, 20_000, 61_000),
      late: fc.constantFrom(0, 0, 0, 1, lateMs),
    }),
    { minLength: 4, maxLength: 60 },
  )
  .map((drawn) => {
    let time = 1_700_000_000_000;
    return drawn.map(({ step, late, ...event }): Event => ({ ...event, ts: (time += step) - late }));
  });

// The entity's columns are in another order than those of PARTITION BY, and rows come together by a repartition.
const statements = `
  CREATE STREAM s (k INT KEY, user STRING, place INT, amount BIGINT, ts BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=3, timestamp='ts');
  CREATE STREAM spine (rid INT, user STRING, place INT, ts BIGINT) WITH (kafka_topic='spine', value_format='JSON', partitions=1);
  ${Object.entries({ exact: undefined, short: lateMs, strict: 300 })
    .map(([name, graceMs]) => {
      const grace = graceMs === undefined ? '' : ` GRACE PERIOD ${graceMs} MILLISECONDS`;
      const frame = `PARTITION BY user, place ORDER BY ts RANGE BETWEEN ${frameMs} MILLISECONDS PRECEDING AND CURRENT ROW`;
      return `CREATE FEATURE VIEW ${name} ENTITY KEY (place, user) TIMESTAMP ts WITH (EVAL='AT_READ') AS
        SELECT place, user, ts, COUNT(*) OVER w AS n, SUM(amount) OVER w AS total, MIN(amount) OVER w AS least, MAX(amount) OVER w AS most,
          COUNT_DISTINCT(amount) OVER w AS kinds, SUM(amount) FILTER (WHERE amount > 0) OVER w AS gains,
          SUM(amount) OVER capped AS capped, COUNT(*) OVER tiled AS tiled, SUM(amount) OVER ever AS ever
        FROM s WINDOW w AS (${frame}${grace}), capped AS (${frame} MAXSIZE 3${grace}), tiled AS (${frame} TILE ${tileMs} MILLISECONDS${grace}),
          ever AS (PARTITION BY user, place ORDER BY ts${grace}) EMIT CHANGES;`;
    })
    .join('\n')}`;
const names = ['n', 'total', 'least', 'most', 'kinds', 'gains', 'capped', 'tiled', 'ever'];

/** What DuckDB makes of the events of each entity that are not later than a time. */
async function expected(events: readonly Event[], at: number): Promise<Record<string, unknown>> {
  const values = events.map(({ user, place, amount, ts }, i) => `('${user}', ${place}, ${amount}, ${ts}, ${i})`);
  const tile = Math.floor((at - frameMs) / tileMs) * tileMs;
  const inFrame = `ts BETWEEN ${at - frameMs} AND ${at}`;
  const reader = await duckdb.runAndReadAll(`
    WITH e(u, p, a, ts, i) AS (VALUES ${values.join()}),
    ranked AS (SELECT *, row_number() OVER (PARTITION BY u, p, ${inFrame} ORDER BY ts DESC, i DESC) AS back FROM e)
    SELECT u || p, count(*) FILTER (${inFrame})::INT, sum(a) FILTER (${inFrame})::INT, min(a) FILTER (${inFrame})::INT,
      max(a) FILTER (${inFrame})::INT, count(DISTINCT a) FILTER (${inFrame})::INT, sum(a) FILTER (${inFrame} AND a > 0)::INT,
      sum(a) FILTER (${inFrame} AND back <= 3)::INT, count(*) FILTER (ts BETWEEN ${tile} AND ${at})::INT, sum(a) FILTER (ts <= ${at})::INT
    FROM ranked GROUP BY u, p`);
  return Object.fromEntries(reader.getRowsJson().map(([entity, ...row]) => [entity as string, row]));
}

async function served(engine: Engine, view: string, at: number): Promise<Record<string, unknown>> {
  const entities = users.flatMap((user) => places.map((place) => ({ user, place })));
  const [, , ...columns] = await onlineFeatures(
    {
      features: names.map((name) => `${view}:${name}`),
      entities: { user: entities.map(({ user }) => user), place: entities.map(({ place }) => place) },
      fullFeatureNames: false,
    },
    engine,
    at,
  );
  const found = entities.map(({ user, place }, i): [string, unknown] => [
    `${user}${place}`,
    columns[0]!.statuses[i] === 'NOT_FOUND' ? undefined : columns.map(({ values }) => values[i]),
  ]);
  return Object.fromEntries(found.filter(([, row]) => row !== undefined));
}

interface Question {
  readonly user: string;
  readonly place: number;
  readonly ts: number;
}
/** What a training set has for each question, in their order. */
async function trained(node: TestEngine, view: string, questions: readonly Question[]): Promise<unknown[]> {
  const path = newFolder();
  await node.run(`CREATE OR REPLACE TRAINING SET t WITH (PATH='${path}') AS SELECT s.rid, ${names.map((name) => `v.${name}`).join()}, v.ROWTIME AS since
    FROM spine s LEFT JOIN ${view} FOR SYSTEM_TIME AS OF s.ts AS v ON s.place = v.place AND s.user = v.user;`);
  await node.engine.trainingJobs.get('T')!.done;
  expect(node.engine.trainingJobs.get('T')!.progress).toMatchObject({ state: 'DONE', rowsWritten: questions.length });
  const rows = await duckdb.runAndReadAll(
    `SELECT ${names.map((name) => `${name}::INT`).join()}, since::BIGINT FROM read_parquet('${path}/part-*.parquet') ORDER BY rid`,
  );
  return rows.getRowsJson();
}

test('a training set has the frames at the times of its spine, as reads at those times had them', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, fc.array(fc.integer({ min: -90_000, max: 90_000 })), async (events, steps) => {
      const node = await openEngine();
      await node.run(statements);
      const rows = events.map(({ user, place, amount, ts }) => `(1, '${user}', ${place}, ${amount}, ${ts})`);
      await node.run(`INSERT INTO s (k, user, place, amount, ts) VALUES ${rows.join()};`);
      const last = Math.max(...events.map(({ ts }) => ts));
      const times = events.flatMap(({ ts }, i) => [ts, ts + (steps[i] ?? 1)]);
      const questions = [...times, last, last + frameMs].flatMap((ts, i): Question[] => {
        const { user, place } = events[(i * 7) % events.length]!;
        return [
          { user, place, ts },
          { user: users[i % 3]!, place: places[i % 2]!, ts },
        ];
      });
      const asked = questions.map(({ user, place, ts }, i) => `(${i}, '${user}', ${place}, ${ts})`);
      await node.run(`INSERT INTO spine (rid, user, place, ts) VALUES ${asked.join()};`);
      await node.settle();
      const wanted: unknown[] = [];
      for (const { user, place, ts } of questions) {
        const before = events.filter((event) => event.ts <= ts && event.user === user && event.place === place);
        const frames = before.length === 0 ? undefined : (await expected(before, ts))[`${user}${place}`];
        const since = String(Math.max(...before.map((event) => event.ts)));
        wanted.push(frames === undefined ? [...names, 'since'].map(() => null) : [...(frames as unknown[]), since]);
      }
      expect(await trained(node, 'exact', questions)).toEqual(wanted);
      expect(await trained(node, 'short', questions)).toEqual(wanted);
      // Of what its grace has dropped a training set knows no more than a read.
      const strict = await trained(node, 'strict', questions);
      for (const [i, { user, place, ts }] of questions.entries())
        if (ts >= last) {
          const read = (await served(node.engine, 'strict', ts))[`${user}${place}`];
          expect((strict[i] as unknown[]).slice(0, -1)).toEqual(read ?? names.map(() => null));
        }
      await node.close();
    }),
    { numRuns: runsOf(8) },
  );
}, 300_000);

test("frames at the time of a read are DuckDB's over the events up to then, after a restart too", async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 0, max: 59 }), async (events, split) => {
      let node = await openEngine();
      await node.run(statements);
      const insert = async (part: readonly Event[]): Promise<void> => {
        const rows = part.map(({ user, place, amount, ts }) => `(1, '${user}', ${place}, ${amount}, ${ts})`);
        if (rows.length > 0) await node.run(`INSERT INTO s (k, user, place, amount, ts) VALUES ${rows.join()};`);
        await node.settle();
      };
      await insert(events.slice(0, split));
      await node.close();
      node = await openEngine(node.folder);
      await insert(events.slice(split));
      const last = Math.max(...events.map(({ ts }) => ts));
      for (const ahead of [-20_000, -1, 0, 1, 30_000, frameMs, frameMs + 1, frameMs + tileMs, 10 * frameMs]) {
        const wanted = await expected(events, last + ahead);
        expect(await served(node.engine, 'exact', last + ahead)).toEqual(wanted);
        // What is before the grace is kept no longer than the frame.
        if (ahead >= 0) expect(await served(node.engine, 'short', last + ahead)).toEqual(wanted);
      }
      await node.close();
    }),
    { numRuns: 12 },
  );
}, 300_000);
