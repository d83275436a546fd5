import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuckDBConnection } from '@duckdb/node-api';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { duckDb } from '../support/files.ts';
import { openEngine } from '../support/memory-node.ts';

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
  ${['exact', 'short']
    .map((name) => {
      const grace = name === 'short' ? ` GRACE PERIOD ${lateMs} MILLISECONDS` : '';
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
