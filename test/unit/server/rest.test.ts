import http2 from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { checkDescribed } from '../../support/described.ts';
import { readSettings } from '../../../src/config/settings.ts';

let node: RunningNode;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rest-'));
  node = await startNode(
    readSettings(
      { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' },
      {},
      undefined,
    ),
  );
  await ksql(
    "CREATE STREAM s (id STRING KEY, n BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1); CREATE TABLE t AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;",
  );
});
afterAll(() => node.close());

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(node.server.url + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  checkDescribed('POST', path, response.status, response.headers.get('content-type') ?? undefined, text);
  return { status: response.status, text };
}
async function ksql(sql: string): Promise<{ status: number; json: Record<string, unknown>[] }> {
  const { status, text } = await post('/ksql', { ksql: sql });
  return { status, json: JSON.parse(text) as Record<string, unknown>[] };
}

test('info says the version spoken and ours', async () => {
  const body = (await (await fetch(`${node.server.url}/info`)).json()) as { KsqlServerInfo: Record<string, string> };
  expect(body.KsqlServerInfo).toMatchObject({ version: '8.0.0', serverStatus: 'RUNNING' });
  expect(body.KsqlServerInfo['millraceVersion']).toMatch(/^\d/);
});

test('a stream is written by inserts-stream and read as lines, as an array and in the old form; 64-bit numbers stay exact', async () => {
  const acks = await post('/inserts-stream', '{"target":"s"}\n{"id":"a","n":9007199254740993}\n{"id":"b","n":1}\n');
  expect(acks.text).toBe('{"status":"ok","seq":0}\n{"status":"ok","seq":1}\n');
  const lines = (await post('/query-stream', { sql: 'SELECT * FROM s;' })).text.trim().split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({ columnNames: ['ID', 'N'], columnTypes: ['STRING', 'BIGINT'] });
  expect(lines.slice(1)).toEqual(['["a",9007199254740993]', '["b",1]']);
  expect((await post('/query-stream', { sql: 'SELECT id FROM s;' }, { accept: 'application/json' })).text).toMatch(
    /^\[\{.*\},\n\["a"\],\n\["b"\]\]\n$/,
  );
  expect((await post('/query', { ksql: 'SELECT id FROM s EMIT CHANGES LIMIT 1;' })).text).toContain(
    '{"row":{"columns":["a"]}},\n{"finalMessage":"Limit Reached"}]',
  );
  const pulled = await post('/query', { ksql: "SELECT * FROM t WHERE id = 'a';" });
  expect(pulled.text).toContain('{"row":{"columns":["a",1]}}');
});

test.each([
  ['{"ksql":', 400, 40000],
  ['[]', 400, 40000],
  ['{"ksql":5}', 400, 40000],
  [{ ksql: 'SELECT * FROM s;' }, 400, 40002],
  [{ ksql: 'SELEC 1;' }, 400, 40001],
  [{ ksql: "CREATE STREAM x (a INT) WITH (kafka_topic=5, value_format='JSON');" }, 400, 40001],
  [{ ksql: `CREATE STREAM y AS SELECT ${'('.repeat(100_000)}n${')'.repeat(100_000)} FROM s;` }, 400, 40001],
  [{ ksql: 'SHOW STREAMS;', streamsProperties: { 'no.such': 1 } }, 400, 40000],
  ['x'.repeat(11 << 20), 400, 40000],
])('a wrong request is answered and the server lives on (%#)', async (body, status, code) => {
  const answer = await post('/ksql', body);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ error_code: code });
  expect((await ksql('SHOW STREAMS;')).status).toBe(200);
});

test('HTTP/2 without upgrade works on the same port', async () => {
  const session = http2.connect(node.server.url);
  const request = session.request({ ':path': '/query-stream', ':method': 'POST' });
  request.end(JSON.stringify({ sql: 'SELECT id FROM s LIMIT 1;' }));
  const chunks: string[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk.toString());
  expect(chunks.length).toBe(2);
  expect(chunks[1]).toBe('["a"]\n');
  session.close();
});

test('a feature view answers in the shape of Feast, with TTL enforced and unknown keys told', async () => {
  await ksql(
    "CREATE STREAM e (user_id STRING KEY, v DOUBLE, ts BIGINT) WITH (kafka_topic='e', value_format='JSON', partitions=1, timestamp='ts'); CREATE FEATURE VIEW f ENTITY KEY (user_id) TIMESTAMP ts TTL 1 HOUR AS SELECT user_id, v, ts FROM e EMIT CHANGES;",
  );
  const now = Date.now();
  await ksql(
    `INSERT INTO e (user_id, v, ts) VALUES ('new', 1.5, ${now}); INSERT INTO e (user_id, v, ts) VALUES ('old', 2.5, ${now - 7_200_000}); INSERT INTO e (user_id, v, ts) VALUES ('new', 9.5, ${now - 1000});`,
  );
  await expect.poll(() => node.engine.node.status('FEATURE_VIEW_F_1')?.recordsIn).toBe(3);
  const { text } = await post('/get-online-features', {
    features: ['f:v'],
    entities: { user_id: ['new', 'old', 'none'] },
  });
  const body = JSON.parse(text) as { metadata: unknown; results: { values: unknown[]; statuses: string[] }[] };
  expect(body.metadata).toEqual({ feature_names: ['user_id', 'v'] });
  expect(body.results[1]).toMatchObject({
    values: [1.5, null, null],
    statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'],
  });
  expect((await post('/get-online-features', { features: ['nope:v'], entities: { user_id: ['a'] } })).status).toBe(404);
});

test('a feature service answers a thousand entities with what it computes from the request, by the digits of their ids', async () => {
  await ksql(
    "CREATE STREAM big (user_id BIGINT KEY, shop STRING, v BIGINT) WITH (kafka_topic='big', value_format='JSON', partitions=1); CREATE FEATURE VIEW b ENTITY KEY (user_id) AS SELECT user_id, v FROM big EMIT CHANGES; CREATE FEATURE VIEW by_shop ENTITY KEY (user_id, shop) WITH (key_format='JSON') AS SELECT user_id, shop, SUM(v) AS total FROM big GROUP BY user_id, shop EMIT CHANGES; CREATE FEATURE SERVICE serving REQUEST (factor DOUBLE) FEATURES (b.v AS newest, b.v * factor AS scaled, by_shop.total);",
  );
  // Beyond 2^53, where a double cannot tell one id from the next.
  const first = 9007199254740992n;
  const ids = Array.from({ length: 1000 }, (_, i) => String(first + BigInt(i)));
  await ksql(ids.map((id, i) => `INSERT INTO big VALUES (${id}, 's${i % 2}', ${i});`).join(' '));
  const query = [...node.engine.catalog.queries.values()].find(({ sink }) => sink === 'BY_SHOP')!.id;
  const other = [...node.engine.catalog.queries.values()].find(({ sink }) => sink === 'B')!.id;
  await expect.poll(() => node.engine.node.status(query)?.recordsIn).toBe(1000);
  await expect.poll(() => node.engine.node.status(other)?.recordsIn).toBe(1000);
  const ask = (count: number, full: boolean): Promise<{ status: number; text: string }> =>
    post(
      '/get-online-features',
      `{"feature_service":"serving","full_feature_names":${full},"entities":{"user_id":[${ids.slice(0, count).join(',')}],"SHOP":[${ids
        .slice(0, count)
        .map((_, i) => `"s${i % 2}"`)
        .join(',')}]},"request_data":{"factor":[${ids
        .slice(0, count)
        .map(() => '0.5')
        .join(',')}]}}`,
    );
  const { status, text } = await ask(1000, false);
  expect(status).toBe(200);
  const body = JSON.parse(text) as { metadata: unknown; results: { values: unknown[]; statuses: string[] }[] };
  expect(body.metadata).toEqual({ feature_names: ['user_id', 'SHOP', 'NEWEST', 'SCALED', 'TOTAL'] });
  expect(text).toContain(`{"values":[${ids.join(',')}]`);
  const expected = ids.map((_, i) => i);
  expect(body.results.slice(2).map(({ values }) => values)).toEqual([expected, expected.map((i) => i * 0.5), expected]);
  expect(body.results.every(({ statuses }) => statuses.every((each) => each === 'PRESENT'))).toBe(true);
  const full = JSON.parse((await ask(1, true)).text) as typeof body;
  expect(full.metadata).toEqual({ feature_names: ['user_id', 'SHOP', 'B__NEWEST', 'SCALED', 'BY_SHOP__TOTAL'] });
});

test.each([
  [{ feature_service: 'nope', entities: { user_id: ['a'] } }, 404, 'FEATURE_SERVICE_NOT_FOUND'],
  [{ feature_service: 7, entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', features: ['f:v'], entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: {} }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: 'a' } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: [null] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: [{}] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: ['a'], driver: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: ['a'] }, request_data: { x: [1, 2] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: ['a'] }, request_data: { x: ['y'] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ feature_service: 'served', entities: { user_id: Array(1001).fill('a') } }, 400, 'BAD_REQUEST'],
  [{ features: [], entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ features: ['f'], entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ features: ['f:nope'], entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
  [{ features: Array(501).fill('f:v'), entities: { user_id: ['a'] } }, 400, 'BAD_REQUEST'],
])('a request of features that is wrong is refused with a code: %j', async (request, status, code) => {
  await ksql('CREATE FEATURE SERVICE IF NOT EXISTS served REQUEST (x INT) FEATURES (f.v, x * 2 AS twice);');
  const answer = await post('/get-online-features', request);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ code, error_code: status * 100 });
});

test('metrics tell records, lag and latency by query', async () => {
  const text = await (await fetch(`${node.server.url}/metrics`)).text();
  expect(text).toContain('millrace_records_in_total{query="CTAS_T_0"} 2');
  expect(text).toContain('millrace_batch_seconds_bucket');
});

test('a variable that a request defines stands in its later statements, outside of strings too', async () => {
  const { status, json } = await ksql("DEFINE name = 's'; DESCRIBE ${name};");
  expect([status, json[0]!['@type']]).toEqual([200, 'sourceDescription']);
});

test('the metadata names the service and its log', async () => {
  const clusters = { 'kafka-cluster': node.engine.node.clusterId, 'ksql-cluster': 'default_' };
  const clusterId = { id: '', scope: { path: [], clusters } };
  expect(await (await fetch(`${node.server.url}/v1/metadata`)).json()).toEqual({ version: '8.0.0', clusterId });
  expect(await (await fetch(`${node.server.url}/v1/metadata/id`)).json()).toEqual(clusterId);
});
