import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { errorAnswer } from '../../../src/server/errors.ts';

let node: RunningNode;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-headless-'));
  node = await startNode(readSettings({ 'state.dir': folder, listeners: 'http://127.0.0.1:0' }, {}, undefined), {
    readOnly: true,
  });
});
afterAll(() => node.close());

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(node.server.url + path, { method: 'POST', body: JSON.stringify(body) });
  const { code, message } = (await response.json()) as Record<string, unknown>;
  return [response.status, code, message];
}

test('a server that runs a file of queries changes nothing by its API, and answers questions', async () => {
  const refused = [400, 'READ_ONLY_SERVER', 'line 1:1: this server runs a file of queries: its API is read-only'];
  expect(await post('/ksql', { ksql: "CREATE STREAM s (a INT) WITH (kafka_topic='s', value_format='JSON');" })).toEqual(
    refused,
  );
  expect((await fetch(`${node.server.url}/ksql`, { method: 'POST', body: '{"ksql":"SHOW STREAMS;"}' })).status).toBe(
    200,
  );
});

test('the endpoint of queries answers one query', async () => {
  const why = 'the query endpoints answer exactly one SELECT or PRINT';
  expect(await post('/query-stream', { sql: 'SHOW STREAMS;' })).toEqual([
    400,
    'STATEMENT_NOT_QUERY',
    `line 1:1: ${why}`,
  ]);
  expect(await post('/query-stream', { sql: 'SELECT 1; SELECT 2;' })).toEqual([400, 'STATEMENT_NOT_QUERY', why]);
});

test('a broker that is away is no fault of the request, which may work later', () => {
  const error = Object.assign(new TypeError('connect ECONNREFUSED'), { name: 'KafkaJSConnectionError' });
  expect(errorAnswer(error)).toEqual({
    status: 503,
    body: {
      '@type': 'generic_error',
      error_code: 50302,
      message: 'the Kafka broker does not answer: connect ECONNREFUSED',
      code: 'BROKER_UNAVAILABLE',
    },
  });
});
