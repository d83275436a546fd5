import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { ksql, send } from '../../support/access.ts';

let node: RunningNode;
const day = 86_400_000;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-feature-routes-'));
  node = await startNode(
    readSettings(
      { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' },
      {},
      undefined,
    ),
  );
  const made = await ksql(
    node,
    {},
    `CREATE STREAM e (user_id STRING KEY, v DOUBLE, w BIGINT, ts TIMESTAMP) WITH (kafka_topic='e', value_format='JSON', partitions=1, timestamp='ts');
     CREATE STREAM orders (id BIGINT KEY, shop STRING, open BOOLEAN, made BIGINT, n INT) WITH (kafka_topic='orders', value_format='JSON', partitions=1, timestamp='made');
     CREATE STREAM plain (k BIGINT KEY, n INT) WITH (kafka_topic='plain', value_format='JSON', partitions=1);
     CREATE FEATURE VIEW by_user ENTITY KEY (user_id) TIMESTAMP ts TTL 1 DAYS AS SELECT user_id, v, w, ts FROM e EMIT CHANGES;
     CREATE FEATURE VIEW by_pair ENTITY KEY (id, shop, open) WITH (key_format='JSON') AS SELECT id, shop, open, SUM(n) AS total FROM orders GROUP BY id, shop, open EMIT CHANGES;
     CREATE FEATURE VIEW by_k ENTITY KEY (k) AS SELECT k, n FROM plain EMIT CHANGES;
     CREATE FEATURE VIEW joined ENTITY KEY (user_id) AS SELECT a.user_id AS user_id, a.v AS v FROM e a JOIN orders o WITHIN 1 DAYS ON a.w = o.id PARTITION BY a.user_id EMIT CHANGES;`,
  );
  expect(made.status, made.text).toBe(200);
});
afterAll(() => node.close());

const push = (body: unknown): Promise<{ status: number; text: string }> =>
  send(node, 'POST', '/push', {}, typeof body === 'string' ? body : JSON.stringify(body));
const get = (path: string): Promise<{ status: number; text: string }> => send(node, 'GET', path);
const read = (features: readonly string[], entities: object): Promise<{ status: number; text: string }> =>
  send(node, 'POST', '/get-online-features', {}, JSON.stringify({ features, entities }));

async function processed(sink: string, records: number): Promise<void> {
  const { id } = [...node.engine.catalog.queries.values()].find((query) => query.sink === sink)!;
  await expect.poll(() => node.engine.node.status(id)?.recordsIn).toBe(records);
}

test('rows that are pushed, by the name of a stream or of a view behind it, are served', async () => {
  const now = Date.now();
  const iso = (ms: number): string => new Date(ms).toISOString();
  const answer = await push({
    push_source_name: 'e',
    df: {
      user_id: ['u1', 'ü/2', 'gone', 'nul'],
      V: [1.5, 2, 3, null],
      w: [1, 2, 3, 4],
      ts: [iso(now), `${iso(now).slice(0, -1)}123+00:00`, iso(now - 3 * day), iso(now).replace('T', ' ')],
    },
    to: 'online_and_offline',
  });
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { rows: 4 }]);
  // Ids beyond 2^53 keep their digits.
  const orders = `{"push_source_name":"by_pair","df":{"id":[9007199254740993,9007199254740992],"shop":["a b","c"],"open":[true,false],"n":[5,6],"made":["${iso(now)}","${iso(now)}"]},"to":"online"}`;
  expect(JSON.parse((await push(orders)).text)).toEqual({ rows: 2 });
  await processed('BY_USER', 4);
  await processed('BY_PAIR', 2);

  const same: [path: string, features: string[], entities: object][] = [
    ['by_user/u1', ['by_user:V', 'by_user:W'], { USER_ID: ['u1'] }],
    ['BY_USER?user_id=u1', ['BY_USER:V', 'BY_USER:W'], { user_id: ['u1'] }],
    ['by_user/%C3%BC%2F2?features=w,v', ['by_user:w', 'by_user:v'], { USER_ID: ['ü/2'] }],
    ['by_user/gone', ['by_user:V', 'by_user:W'], { USER_ID: ['gone'] }],
    ['by_user/nul?features=V', ['by_user:V'], { USER_ID: ['nul'] }],
    ['by_user/nobody', ['by_user:V', 'by_user:W'], { USER_ID: ['nobody'] }],
    ['by_user?user_id=', ['by_user:V', 'by_user:W'], { user_id: [''] }],
    [
      'by_pair/9007199254740993?shop=a%20b&open=true',
      ['by_pair:TOTAL'],
      { ID: ['9007199254740993'], shop: ['a b'], open: [true] },
    ],
    [
      'by_pair?OPEN=FALSE&shop=c&id=9007199254740992',
      ['by_pair:TOTAL'],
      { id: ['9007199254740992'], shop: ['c'], OPEN: [false] },
    ],
  ];
  for (const [path, features, entities] of same) {
    const [one, asked] = [await get(`/feature-views/${path}`), await read(features, entities)];
    expect(one.status, one.text).toBe(200);
    expect(one.text, path).toBe(asked.text);
  }
  const statuses = async (path: string): Promise<unknown> =>
    (JSON.parse((await get(path)).text) as { results: { statuses: string[] }[] }).results.map(
      (each) => each.statuses[0],
    );
  expect(await statuses('/feature-views/by_user/u1')).toEqual(['PRESENT', 'PRESENT', 'PRESENT']);
  expect(await statuses('/feature-views/by_user/gone')).toEqual(['PRESENT', 'OUTSIDE_MAX_AGE', 'OUTSIDE_MAX_AGE']);
  expect(await statuses('/feature-views/by_user/nul')).toEqual(['PRESENT', 'NULL_VALUE', 'PRESENT']);
  expect(await statuses('/feature-views/by_user/nobody')).toEqual(['PRESENT', 'NOT_FOUND', 'NOT_FOUND']);
  expect((await get('/feature-views/by_pair/9007199254740993?shop=a%20b&open=true')).text).toContain('"values":[5]');
  expect(JSON.parse((await get('/feature-views/by_user/u1?features=v&full_feature_names=true')).text)).toMatchObject({
    metadata: { feature_names: ['USER_ID', 'by_user__v'] },
  });
});

test('the time of a row without a column for it is event_timestamp', async () => {
  expect(
    (await push({ push_source_name: 'plain', df: { k: [1], n: [2], event_timestamp: ['2026-08-21T10:00:00Z'] } }))
      .status,
  ).toBe(200);
  await processed('BY_K', 1);
  expect((await get('/feature-views/by_k/1')).text).toContain('"event_timestamps":["2026-08-21T10:00:00Z"]');
});

test.each([
  ['/feature-views/nope/u1', 404, 'FEATURE_VIEW_NOT_FOUND'],
  ['/feature-views/e/u1', 404, 'FEATURE_VIEW_NOT_FOUND'],
  ['/feature-views/nope', 404, 'FEATURE_VIEW_NOT_FOUND'],
  ['/feature-views/by_user', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user/u1?user_id=u1', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user?user_id=u1&USER_ID=u1', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user?user_id=u1&user_id=u2', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user/u1?shop=1', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user/u1?features=nope', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user/u1?features=', 400, 'BAD_REQUEST'],
  ['/feature-views/by_user/u1?full_feature_names=1', 400, 'BAD_REQUEST'],
  ['/feature-views/by_pair/7', 400, 'BAD_REQUEST'],
  ['/feature-views/by_pair/7?shop=a', 400, 'BAD_REQUEST'],
  ['/feature-views/by_pair/x?shop=a&open=true', 400, 'BAD_REQUEST'],
  ['/feature-views/by_pair/7?shop=a&open=1', 400, 'BAD_REQUEST'],
  ['/feature-views/by_k/1.5', 400, 'BAD_REQUEST'],
])('GET %s is refused with %i', async (path, status, code) => {
  const answer = await get(path);
  expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([status, code]);
});

test.each([
  [{ push_source_name: 'nope', df: { a: [1] } }, 404, 'NOT_FOUND'],
  [{ df: { a: [1] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e' }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: [] }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: {} }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: 'a' } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a'], v: [1, 2] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a'], nope: [1] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a', 'b'], v: [1, 'x'] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a'], ts: ['yesterday'] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'orders', df: { id: [1], made: ['yesterday'] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'plain', df: { k: [1], event_timestamp: ['yesterday'] } }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a'] }, to: 'offline' }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'e', df: { user_id: ['a'] }, to: 'nowhere' }, 400, 'BAD_REQUEST'],
  [{ push_source_name: 'joined', df: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  ['{"push_source_name":"e","df":{"user_id":["a"],"v":[NaN]}}', 400, 'BAD_REQUEST'],
])('a push that is wrong writes nothing: %j', async (body, status, code) => {
  const written = async (): Promise<string> => {
    const sql = ['e', 'orders', 'plain'].map((name) => `SELECT COUNT(*) AS n FROM ${name} GROUP BY 1;`);
    const answers = await Promise.all(
      sql.map((ksql) => send(node, 'POST', '/query', { accept: 'application/json' }, JSON.stringify({ ksql }))),
    );
    return answers.map(({ text }) => text.replace(/"queryId":"[^"]*"/, '')).join();
  };
  const before = await written();
  const answer = await push(body);
  expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([status, code]);
  expect(await written()).toBe(before);
});
