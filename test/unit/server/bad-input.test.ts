import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
