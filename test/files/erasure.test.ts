import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { send } from '../support/access.ts';
import { duckDb, newFolder, rowsOf } from '../support/files.ts';

const start = (folder: string): Promise<RunningNode> =>
  startNode(
    readSettings(
      { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' },
      {},
      undefined,
    ),
  );
let node: RunningNode;
const state = mkdtempSync(join(tmpdir(), 'millrace-erasure-'));
const files = newFolder();
const post = async (path: string, body: unknown, on = node): Promise<{ status: number; text: string }> =>
  send(on, 'POST', path, {}, JSON.stringify(body));
async function sql(ksql: string, on = node): Promise<Record<string, unknown>[]> {
  const { status, text } = await post('/ksql', { ksql }, on);
  expect(status, text).toBe(200);
  return JSON.parse(text) as Record<string, unknown>[];
}

const minute = 60_000;
const t0 = Date.UTC(2026, 0, 1);
const frame = (partition: string): string =>
  `(PARTITION BY ${partition} ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)`;
/** Each kind of view over a stream; the entity is U, or U and M. */
const kinds: Readonly<Record<string, (from: string) => string>> = {
  plain: (from) => `SELECT u, v, ts FROM ${from}`,
  filtered: (from) => `SELECT u, v * 2 AS w, ts FROM ${from} WHERE v > 0`,
  ranges: (from) =>
    `SELECT u, ts, COUNT(*) OVER w AS c, SUM(v) OVER w AS s, MIN(v) OVER w AS least, COUNT_DISTINCT(m) OVER w AS ms FROM ${from} WINDOW w AS ${frame('u')}`,
  of_rows: (from) =>
    `SELECT u, ts, SUM(v) OVER (PARTITION BY u ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS s, LAG(v) OVER (PARTITION BY u ORDER BY ts) AS former, COUNT(*) OVER (PARTITION BY u ORDER BY ts) AS n FROM ${from}`,
  long: (from) =>
    `SELECT u, ts, AVG(v) OVER (PARTITION BY u ORDER BY ts RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW) AS a FROM ${from}`,
  finals: (from) =>
    `SELECT u, ts, COUNT(*) OVER w AS c, SUM(v) OVER w AS s FROM ${from} WINDOW w AS ${frame('u')} EMIT FINAL`,
  sums: (from) => `SELECT u, COUNT(*) AS c, SUM(v) AS s, MAX(ts) AS last FROM ${from} GROUP BY u`,
  tumbled: (from) => `SELECT u, COUNT(*) AS c FROM ${from} WINDOW TUMBLING (SIZE 30 MINUTES) GROUP BY u`,
  hopped: (from) => `SELECT u, SUM(v) AS s FROM ${from} WINDOW HOPPING (SIZE 1 HOUR, ADVANCE BY 10 MINUTES) GROUP BY u`,
  sessions: (from) => `SELECT u, COUNT(*) AS c FROM ${from} WINDOW SESSION (1 HOUR) GROUP BY u`,
  pairs: (from) => `SELECT m, u, COUNT(*) AS c FROM ${from} GROUP BY m, u`,
  over_pairs: (from) => `SELECT u, m, ts, COUNT(*) OVER w AS c FROM ${from} WINDOW w AS ${frame('m, u')}`,
};
const isPair = (kind: string): boolean => kind.includes('pairs');
const withOf = (all: readonly string[]): string => (all.length === 0 ? '' : `WITH (${all.join(', ')})`);
const keyFormat = (kind: string): string[] => (kind === 'pairs' ? ["KEY_FORMAT='JSON'"] : []);
const options = (kind: string): string => {
  const store = kind === 'plain' || kind === 'ranges' || kind === 'sums' || kind === 'over_pairs';
  const held = kind === 'ranges' ? "ROLL_INTERVAL='1 HOUR', " : "ROLL_INTERVAL='1 SECOND', ";
  const offline = `OFFLINE_STORE='parquet', OFFLINE_PATH='${files}/${kind}', ${held}ROWS_PER_FILE=3`;
  return withOf([...(store ? [offline] : []), ...keyFormat(kind)]);
};

interface Event {
  readonly u: string;
  readonly m: number;
  readonly v: number;
  readonly ts: number;
}
const push = async (to: string, events: readonly Event[]): Promise<void> => {
  const df = Object.fromEntries(
    (['u', 'm', 'v', 'ts'] as const).map((name) => [name, events.map((event) => event[name])]),
  );
  const { status, text } = await post('/push', { push_source_name: to, df });
  expect(status, text).toBe(200);
};
const caughtUp = async (on = node): Promise<void> => {
  const ids = [...on.engine.catalog.queries.values()].map(({ id }) => id);
  await expect
    .poll(() => ids.map((id) => on.engine.node.status(id)!.lag), { timeout: 10_000 })
    .toEqual(ids.map(() => 0));
};
const users = ['u1', 'u2', 'ü3'];
/** What is served of each user. */
async function served(view: string, on = node): Promise<string> {
  const entities = isPair(view) ? { u: users.flatMap((u) => [u, u]), m: users.flatMap(() => [1, 2]) } : { u: users };
  const { spec, featureView } = on.engine.catalog.sources.get(view.toUpperCase())!;
  const features = spec.schema.map(({ name }) => name).filter((name) => !featureView!.entityKey.includes(name));
  const answer = await post(
    '/get-online-features',
    { features: features.map((name) => `${view}:${name}`), entities },
    on,
  );
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
}
const first: Event[] = Array.from({ length: 24 }, (_, n) => ({
  u: users[n % 3]!,
  m: 1 + (Math.floor(n / 3) % 2),
  v: n + 1,
  ts: t0 + n * minute,
}));
const second: Event[] = first.map((event, n) => ({ ...event, v: 100 + n, ts: t0 + (30 + n) * minute }));

beforeAll(async () => {
  node = await start(state);
  for (const from of ['s', 'never'])
    await sql(
      `CREATE STREAM ${from} (u STRING, m INT, v BIGINT, ts BIGINT) WITH (kafka_topic='${from}', value_format='JSON', partitions=2, timestamp='ts');`,
    );
  await sql(
    `CREATE STREAM labels (u STRING, at_time BIGINT) WITH (kafka_topic='labels', value_format='JSON', partitions=1);
     CREATE STREAM one_of_many (id BIGINT KEY, v INT) WITH (kafka_topic='one_of_many', value_format='JSON', partitions=1);
     CREATE FEATURE VIEW numbers ENTITY KEY (id) AS SELECT id, COUNT(*) AS c FROM one_of_many GROUP BY id EMIT CHANGES;`,
  );
  for (const [kind, query] of Object.entries(kinds))
    for (const [name, from] of [
      [kind, 's'],
      [`${kind}_never`, 'never'],
    ] as const) {
      const emit = query(from).includes('EMIT') ? '' : ' EMIT CHANGES';
      const entity = kind === 'pairs' ? 'm, u' : isPair(kind) ? 'u, m' : 'u';
      const with_ = name === kind ? options(kind) : withOf(keyFormat(kind));
      const keyed = /OVER|GROUP/.test(query(from)) ? '' : ' PARTITION BY u';
      await sql(
        `CREATE FEATURE VIEW ${name} ENTITY KEY (${entity}) ${with_} AS ${query(from).replace(/( EMIT FINAL)?$/, `${keyed}$1`)}${emit};`,
      );
    }
}, 120_000);
afterAll(() => node.close());

/** Nothing gives a row of the first user: served, pulled by key and by scan, in files, in a training set. */
async function expectNothing(on: RunningNode, training: string): Promise<void> {
  const duckdb = await duckDb();
  for (const kind of Object.keys(kinds)) {
    const body = JSON.parse(await served(kind, on)) as { results: { values: unknown[]; statuses: string[] }[] };
    const count = isPair(kind) ? 2 : 1;
    for (const { values, statuses } of body.results.slice(isPair(kind) ? 2 : 1)) {
      expect(statuses.slice(0, count), kind).toEqual(statuses.slice(0, count).map(() => 'NOT_FOUND'));
      expect(values.slice(0, count), kind).toEqual(values.slice(0, count).map(() => null));
    }
    for (const where of [" WHERE u = 'u1'", '']) {
      const rows = await post('/query', { ksql: `SELECT * FROM ${kind}${where};` }, on);
      expect(rows.text, kind).not.toContain('"u1"');
    }
    if (options(kind).includes('OFFLINE')) {
      const path = `${files}/${kind}/*/*.parquet`;
      expect(await rowsOf(duckdb, `SELECT count(*)::INT FROM read_parquet('${path}') WHERE U = 'u1'`), kind).toEqual([
        [0],
      ]);
    }
  }
  const columns = ['ranges', 'plain', 'sums', 'long'];
  const path = newFolder();
  await sql(
    `CREATE TRAINING SET ${training} WITH (PATH='${path}') AS SELECT l.u, ${columns.map((view) => `${view}_v.u AS ${view}_u`).join(', ')} FROM labels l ${columns
      .map((view) => `LEFT JOIN ${view} FOR SYSTEM_TIME AS OF l.at_time AS ${view}_v ON l.u = ${view}_v.u`)
      .join(' ')};`,
    on,
  );
  await on.engine.trainingJobs.get(training.toUpperCase())!.done;
  const rows = await rowsOf(duckdb, `SELECT * FROM read_parquet('${path}/part-*.parquet') ORDER BY 1`);
  expect(rows).toEqual([
    ['u1', null, null, null, null],
    ['u2', 'u2', 'u2', 'u2', 'u2'],
  ]);
}

test(
  'what is erased is found by no read of any kind, after a restart and a crash too, and comes back only from new events',
  { timeout: 120_000 },
  async () => {
    await push('s', first);
    await push(
      'never',
      first.filter(({ u }) => u !== 'u1'),
    );
    await post('/push', {
      push_source_name: 'labels',
      df: { u: ['u1', 'u2'], at_time: [t0 + 29 * minute, t0 + 29 * minute] },
    });
    await caughtUp();
    const before = await Promise.all(Object.keys(kinds).map((kind) => served(kind)));
    expect(before.filter((text) => text.includes('"PRESENT"')).length).toBe(Object.keys(kinds).length);
    for (const kind of Object.keys(kinds))
      for (const entity of isPair(kind)
        ? ["(m = 1 AND u = 'u1')", kind === 'pairs' ? "(2, 'u1')" : "'u1', 2"]
        : ["'u1'"]) {
        const [answer] = await sql(`DELETE ENTITY ${entity} FROM FEATURE VIEW ${kind};`);
        expect(answer).toMatchObject({ '@type': 'entity_deleted', view: kind.toUpperCase() });
      }
    // The row of the last minutes is still pending with EMIT FINAL.
    await expectNothing(node, 'at_once');
    const crashed = mkdtempSync(join(tmpdir(), 'millrace-erasure-crashed-'));
    cpSync(state, crashed, { recursive: true });
    await node.close();
    for (const [name, folder] of [
      ['crashed', crashed],
      ['restarted', state],
    ] as const) {
      node = await start(folder);
      await caughtUp();
      await expectNothing(node, name);
      if (folder === crashed) await node.close();
    }

    await push('s', second);
    await push('never', second);
    await caughtUp();
    for (const kind of Object.keys(kinds))
      expect(await served(kind), kind).toBe((await served(`${kind}_never`)).replaceAll('_never', ''));
    expect(await sql('VERIFY FEATURE VIEW ranges;')).toMatchObject([{ verification: { result: 'CONSISTENT' } }]);
  },
);

test.each([
  ["DELETE ENTITY 'u1' FROM FEATURE VIEW nope;", 'FEATURE_VIEW_NOT_FOUND', 38],
  ["DELETE ENTITY 'u1' FROM FEATURE VIEW s;", 'FEATURE_VIEW_NOT_FOUND', 38],
  ["DELETE ENTITY 'u1' FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 1],
  ['DELETE ENTITY m = 1 FROM FEATURE VIEW over_pairs;', 'ENTITY_INVALID', 1],
  ["DELETE ENTITY 'u1', 'x' FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 21],
  ["DELETE ENTITY ('u1', 1, 2) FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 25],
  ["DELETE ENTITY u = 'u1' AND v = 2 FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 28],
  ["DELETE ENTITY u = 'u1' AND u = 'u2' FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 28],
  ["DELETE ENTITY u = 'u1' AND 2 FROM FEATURE VIEW over_pairs;", 'ENTITY_INVALID', 28],
  ['DELETE ENTITY 7 FROM FEATURE VIEW sums;', 'ENTITY_INVALID', 15],
  ['DELETE ENTITY NULL FROM FEATURE VIEW sums;', 'ENTITY_INVALID', 15],
  ["DELETE ENTITY 'u1' FROM FEATURE VIEW numbers;", 'ENTITY_INVALID', 15],
  ['DELETE ENTITY 1.5 FROM FEATURE VIEW numbers;', 'ENTITY_INVALID', 15],
  ['DELETE ENTITY u FROM FEATURE VIEW sums;', 'COLUMN_NOT_FOUND', 15],
])('%s is refused with %s', async (ksql, code, column) => {
  const { status, text } = await post('/ksql', { ksql });
  const body = JSON.parse(text) as Record<string, unknown>;
  expect([status >= 400, body['code'], body['line'], body['column']], text).toEqual([true, code, 1, column]);
  if (code === 'ENTITY_INVALID') expect(body['hint']).toContain('DELETE ENTITY takes a value for each of');
});
