import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startNode, type RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { PartitionsMissing } from '../../../src/runtime/ports/node.ts';
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
  const why = 'the query endpoints answer exactly one SELECT, SUMMARIZE or PRINT';
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

test('a read that lacks partitions names them, and where its table stands', async () => {
  const failing = await startNode(
    readSettings(
      { 'state.dir': mkdtempSync(join(tmpdir(), 'millrace-missing-')), listeners: 'http://127.0.0.1:0' },
      {},
      undefined,
    ),
  );
  const send = async (path: string, body: object): Promise<unknown> =>
    (await fetch(failing.server.url + path, { method: 'POST', body: JSON.stringify(body) })).json();
  const ksql = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', partitions=2, value_format='JSON');
    CREATE TABLE t AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;
    CREATE FEATURE VIEW v ENTITY KEY (k) AS SELECT k, n FROM s EMIT CHANGES;`;
  await send('/ksql', { ksql });
  const pull = vi.spyOn(failing.engine.node, 'pull');
  const why = 'http://10.0.0.4:8088 does not answer: connect ECONNREFUSED';
  pull.mockRejectedValueOnce(new PartitionsMissing([1], why));
  expect(await send('/query-stream', { sql: "SELECT * FROM t WHERE k = 'a';" })).toMatchObject({
    error_code: 50304,
    code: 'PARTITIONS_UNAVAILABLE',
    line: 1,
    column: 15,
    message: expect.stringContaining(`partition 1 of "T" cannot be read: ${why}`) as string,
  });
  pull.mockRejectedValueOnce(new PartitionsMissing([0, 1], why));
  expect(await send('/get-online-features', { features: ['v:n'], entities: { k: ['a'] } })).toMatchObject({
    code: 'PARTITIONS_UNAVAILABLE',
    message: expect.stringContaining(`partitions 0, 1 of "V" cannot be read: ${why}`) as string,
  });
  await failing.close();
});
