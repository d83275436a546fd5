import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../../src/cli/version.ts';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { routeRights } from '../../../src/server/access/route-rights.ts';
import { openApiDocument } from '../../../src/server/openapi/document.ts';
import { ksql, send, startWith } from '../../support/access.ts';
import { checkDescribed } from '../../support/described.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({});
});
afterAll(() => node.close());

test('docs/openapi.json is what is served', async () => {
  const file = join(import.meta.dirname, '../../../docs/openapi.json');
  const text = `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
  if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
  const served = await send(node, 'GET', '/openapi.json');
  expect(JSON.parse(served.text)).toEqual(JSON.parse(text));
});

test('every reference leads to a schema, and every schema is used', () => {
  const document = openApiDocument(version) as { readonly components: { readonly schemas: Record<string, unknown> } };
  const used = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!);
  expect([...new Set(used)].sort()).toEqual(Object.keys(document.components.schemas).sort());
});

test('every route that takes nothing answers as is described', async () => {
  const plain = routeRights.filter(([method, path]) => method === 'GET' && !path.includes(':'));
  expect(plain.length).toBeGreaterThan(12);
  for (const [method, path] of plain) {
    const { status } = await send(node, method, path);
    if (path === '/ws/query') expect(status).toBe(426);
    else expect(status, path).toBeLessThan(400);
  }
});

test.each([
  ['SHOW STREAMS;', 200],
  ["CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);", 200],
  ['CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;', 200],
  ['SHOW STREAMS EXTENDED; SHOW TABLES; SHOW QUERIES; SHOW QUERIES EXTENDED; SHOW TOPICS; SHOW TOPICS EXTENDED;', 200],
  ['DESCRIBE t EXTENDED; EXPLAIN CTAS_T_0; EXPLAIN SELECT k FROM s EMIT CHANGES;', 200],
  ['SHOW FUNCTIONS; DESCRIBE FUNCTION abs; SHOW PROPERTIES; SHOW TYPES; SHOW VARIABLES; SHOW MODELS; SHOW VIEWS;', 200],
  ['SHOW FEATURE VIEWS; SHOW TRAINING SETS; SHOW MONITORS; CREATE VIEW v AS SELECT k FROM s; DESCRIBE v;', 200],
  ["CREATE STREAM IF NOT EXISTS s (k STRING KEY) WITH (kafka_topic='s', value_format='JSON');", 200],
  ['PAUSE CTAS_T_0; RESUME CTAS_T_0; TERMINATE CTAS_T_0; TERMINATE ALL;', 200],
  ['SHOW STREAMS; SELEC 1;', 400],
  ['DESCRIBE nothing;', 400],
])('what statements answer is described (%#)', async (sql, status) => {
  // The answer is held to the document where it is read.
  expect((await ksql(node, {}, sql)).status).toBe(status);
});

test.each([
  ['/query-stream', undefined],
  ['/query-stream', 'application/json'],
  ['/query', undefined],
  ['/query', 'application/vnd.ksql.v1+protobuf'],
])('rows of %s as %s are described', async (path, accept) => {
  await ksql(node, {}, "INSERT INTO s VALUES ('a', 1);");
  const properties = { 'auto.offset.reset': 'earliest' };
  const body = JSON.stringify({
    sql: 'SELECT * FROM s EMIT CHANGES LIMIT 1;',
    properties,
    streamsProperties: properties,
  });
  const answer = await send(node, 'POST', path, accept === undefined ? {} : { accept }, body);
  expect(answer.status).toBe(200);
  expect((await send(node, 'POST', path, {}, '{"sql":"SELECT nope FROM s;"}')).status).toBe(400);
});

test('an answer of another form is refused by the check', () => {
  const refused = (...answer: [status: number, type: string, text: string]): void => {
    expect(() => checkDescribed('POST', '/ksql', ...answer)).toThrow('/ksql');
  };
  refused(200, 'application/json', '[{"@type":"no_such","statementText":"","warnings":[]}]');
  refused(200, 'application/json', '[{"@type":"streams","warnings":[]}]');
  refused(200, 'application/json', '{}');
  refused(200, 'text/plain', 'x');
  refused(400, 'application/json', '{"message":"x"}');
  refused(302, 'application/json', '{}');
  expect(() => checkDescribed('GET', '/nothing', 200, 'application/json', '{}')).toThrow('described');
});
