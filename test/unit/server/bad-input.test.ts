import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';

let node: RunningNode;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bad-'));
  const settings = { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' };
  node = await startNode(readSettings(settings, {}, undefined));
  await ksql(
    "CREATE STREAM s (id STRING KEY, n BIGINT, `__proto__` INT, constructor STRING, st STRUCT<`__proto__` INT, toString INT>) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
  );
});
afterAll(() => node.close());

async function post(path: string, body: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(node.server.url + path, { method: 'POST', body });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
const ksql = (sql: string): ReturnType<typeof post> => post('/ksql', JSON.stringify({ ksql: sql }));

test.each([
  ['not JSON', '{"ksql": ', /not JSON/],
  ['an array', '[]', /must be a JSON object/],
  ['no statement', '{}', /"ksql" must be a string/],
  ['a number as statement', '{"ksql": 1}', /"ksql" must be a string/],
  ['properties of another shape', '{"ksql": "SHOW STREAMS;", "streamsProperties": [1]}', /must be an object/],
  ['more than ten megabytes', JSON.stringify({ ksql: ' '.repeat(11 << 20) }), /larger than/],
])('a body that is %s is refused, and the server lives on', async (_, body, message) => {
  const { status, json } = await post('/ksql', body);
  expect([status, json['message']]).toEqual([400, expect.stringMatching(message)]);
  expect((await ksql('SHOW STREAMS;')).status).toBe(200);
});

async function postPacked(path: string, body: Buffer, encoding = 'gzip'): Promise<{ status: number; text: string }> {
  const headers = { 'content-encoding': encoding };
  const response = await fetch(node.server.url + path, { method: 'POST', body: new Uint8Array(body), headers });
  return { status: response.status, text: await response.text() };
}
const show = Buffer.from(JSON.stringify({ ksql: 'SHOW STREAMS;' }));

test('bodies come in gzip, of statements and of rows', async () => {
  expect((await postPacked('/ksql', gzipSync(show))).status).toBe(200);
  expect((await postPacked('/ksql', gzipSync(show), 'x-gzip')).status).toBe(200);
  await ksql(
    "CREATE STREAM packed (id STRING KEY, n INT) WITH (kafka_topic='packed', value_format='JSON', partitions=1);",
  );
  const rows = Array.from({ length: 2000 }, (_, i) => `{"ID":"a","N":${i}}`).join('\n');
  const { text } = await postPacked('/inserts-stream', gzipSync(`{"target":"packed"}\n${rows}`));
  expect(
    text
      .trim()
      .split('\n')
      .filter((line) => line.includes('"ok"')).length,
  ).toBe(2000);
});

test.each([
  ['cut off', gzipSync(show).subarray(0, 20), 'gzip', /not gzip|unexpected end/],
  ['not gzip', show, 'gzip', /not gzip/],
  ['of another encoding', show, 'br', /is not known: gzip is/],
  ['small, and 256 megabytes unpacked', gzipSync(Buffer.alloc(1 << 28)), 'gzip', /larger than/],
])('a packed body that is %s is refused, and the server lives on', async (_, body, encoding, message) => {
  const { status, text } = await postPacked('/ksql', body, encoding);
  expect([status, text]).toEqual([400, expect.stringMatching(message)]);
  expect((await ksql('SHOW STREAMS;')).status).toBe(200);
});

test('a line of inserts-stream that does not end is refused, and the rows before it are there', async () => {
  const row = (id: string): string => `{"ID":"${id}","N":1}`;
  const body = `{"target":"s"}\r\n${row('a')}\n${row('b')}\n{"ID":"${'x'.repeat(30 << 20)}`;
  const response = await fetch(`${node.server.url}/inserts-stream`, { method: 'POST', body });
  const lines = (await response.text()).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { status: string }).status)).toEqual(['ok', 'ok', 'error']);
  expect(lines[2]).toMatch(/a line is longer than \d+ bytes/);
  expect((await ksql('SHOW STREAMS;')).status).toBe(200);
});

test.each([
  ["CREATE STREAM x (a INT) WITH (kafka_topic='..', value_format='JSON', partitions=1);", 'INVALID_NAME'],
  ["CREATE STREAM x (a INT) WITH (kafka_topic='.', value_format='JSON', partitions=1);", 'INVALID_NAME'],
  ["CREATE STREAM x WITH (kafka_topic='..') AS SELECT * FROM s;", 'INVALID_NAME'],
  [
    "CREATE STREAM x (a INT) WITH (kafka_topic='x', value_format='JSON', partitions=1000000);",
    'INVALID_PROPERTY_VALUE',
  ],
  ['CREATE STREAM x WITH (partitions=1000000) AS SELECT * FROM s;', 'INVALID_PROPERTY_VALUE'],
  [
    'CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM s WINDOW HOPPING (SIZE 6 HOURS, ADVANCE BY 30 MILLISECONDS) GROUP BY id;',
    'WINDOW_INVALID',
  ],
])('what a node could not bear is refused: %s', async (sql, code) => {
  const { status, json } = await ksql(sql);
  expect([status, json['code']]).toEqual([400, code]);
});

test.each([`RPAD(constructor, 2000000000, 'x')`, `LPAD(constructor, 2000000000, 'x')`])(
  'a result that is larger than any record is null: %s',
  async (call) => {
    const name = call.slice(0, 4);
    expect((await ksql(`CREATE STREAM ${name} AS SELECT id, ${call} AS t FROM s;`)).status).toBe(200);
    expect((await ksql("INSERT INTO s (id, constructor) VALUES ('long', 'x');")).status).toBe(200);
    for (let left = 100; left > 0; left--) {
      const { json } = await post(
        '/query',
        JSON.stringify({ ksql: `SELECT id, t IS NULL AS none FROM ${name} WHERE id = 'long';` }),
      );
      const rows = (json as unknown as { row?: { columns: unknown[] } }[]).flatMap(({ row }) =>
        row ? [row.columns] : [],
      );
      if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      else return expect(rows[0]).toEqual(['long', true]);
    }
    throw new TypeError('no row came');
  },
);

const many = 100_000;
test.each([
  ['parentheses', `SELECT ${'('.repeat(many)}1${')'.repeat(many)} AS x FROM s`, 'NESTED_TOO_DEEP'],
  ['terms', `SELECT id, 1${'+1'.repeat(many)} AS x FROM s`, 'NESTED_TOO_DEEP'],
  ['conditions', `SELECT * FROM s WHERE ${'n=1 OR '.repeat(many)}n=2`, 'NESTED_TOO_DEEP'],
  ['types', `SELECT CAST(NULL AS ${'ARRAY<'.repeat(many)}INT${'>'.repeat(many)}) AS x FROM s`, 'NESTED_TOO_DEEP'],
])('a hundred thousand %s are refused, and nothing is left behind', async (name, select, code) => {
  const { status, json } = await ksql(`CREATE STREAM deep_${name} AS ${select};`);
  expect([status, json['code']]).toEqual([400, code]);
  expect(
    (
      await ksql(
        "CREATE OR REPLACE STREAM after (id STRING KEY, n INT) WITH (kafka_topic='after', value_format='JSON', partitions=1);",
      )
    ).status,
  ).toBe(200);
});

test('a long IN list is looked up', async () => {
  const numbers = Array.from({ length: 20_000 }, (_, i) => i * 3).join();
  expect((await ksql(`CREATE STREAM found AS SELECT * FROM s WHERE n IN (${numbers});`)).status).toBe(200);
});

test("columns and fields may have the names of JavaScript's own properties", async () => {
  await ksql(
    'CREATE STREAM p AS SELECT id, `__proto__`, constructor, st->`__proto__` AS a, st->toString AS b FROM s WHERE n = 30;',
  );
  await ksql(
    "INSERT INTO s (id, n, `__proto__`, constructor, st) VALUES ('a', 30, 2, 'x', STRUCT(`__proto__` := 3, toString := 4));",
  );
  const sql = 'SELECT * FROM p EMIT CHANGES LIMIT 1;';
  const response = await fetch(`${node.server.url}/query`, { method: 'POST', body: JSON.stringify({ ksql: sql }) });
  expect(await response.text()).toContain('{"row":{"columns":["a",2,"x",3,4]}}');
});
