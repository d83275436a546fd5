import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { onlineFeatures } from '../../../src/engine/online-features.ts';
import { readCommand } from '../../../src/engine/read-command.ts';
import { processingLogTopic } from '../../../src/runtime/sinks/processing-log.ts';
import { errorAnswer } from '../../../src/server/errors.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

/** A model server that doubles its input, refuses negative numbers, and never answers a batch with 99 in it. */
let server: Server;
let endpoint: string;
let batches: number[][] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const rows = (JSON.parse(Buffer.concat(chunks).toString()) as number[][]).map(([x]) => x!);
      batches.push(rows);
      if (rows.includes(99)) return;
      response.writeHead(rows.some((x) => x < 0) ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ scores: rows.map((x) => x * 2) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
});
beforeEach(() => (batches = []));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function serving(options: string): Promise<TestEngine> {
  const node = await openEngine();
  await node.run(`CREATE STREAM s (id STRING KEY, n DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, n FROM s EMIT CHANGES;
    CREATE MODEL doubled INPUT (x DOUBLE) OUTPUT (score DOUBLE) WITH (PROVIDER='http', VALIDATE='OFF', ENDPOINT='${endpoint}',
      REQUEST_TEMPLATE='{{values}}', RESPONSE_PATH='$.scores'${options});
    CREATE FEATURE SERVICE f REQUEST (amount DOUBLE) FEATURES (v.n, ML_PREDICT('doubled', v.n + amount) AS score,
      ML_PREDICT('doubled', v.n + amount) + 1 AS more);
    INSERT INTO s VALUES ('a', 1); INSERT INTO s VALUES ('b', 2); INSERT INTO s VALUES ('c', 3);`);
  await node.settle();
  return node;
}
async function read({ engine }: TestEngine, id: string[], amount: number[]): Promise<Record<string, unknown[]>> {
  const request = { features: { service: 'f' }, entities: { id }, requestData: { amount }, fullFeatureNames: false };
  const columns = await onlineFeatures(request, engine, 0);
  return Object.fromEntries(
    columns.map(({ name, values, statuses }) => [
      name,
      values.map((value, i) => (statuses[i] === 'PRESENT' ? value : statuses[i])),
    ]),
  );
}

test('the entities of a request are scored in one call, and equal calls of a model are one', async () => {
  const node = await serving('');
  expect(await read(node, ['c', 'nobody', 'a', 'b', 'a'], [10, 20, 30, 40, 50])).toEqual({
    id: ['c', 'nobody', 'a', 'b', 'a'],
    N: [3, 'NOT_FOUND', 1, 2, 1],
    SCORE: [26, 'NOT_FOUND', 62, 84, 102],
    MORE: [27, 'NOT_FOUND', 63, 85, 103],
  });
  expect(batches).toEqual([[13, 31, 42, 51]]);
  await node.close();
});

test("one entity that the model refuses leaves the others' scores, and a line in the processing log", async () => {
  const node = await serving(", ON_ERROR='NULL'");
  expect(await read(node, ['a', 'b', 'c'], [0, -10, 0])).toMatchObject({
    SCORE: [2, 'INVALID', 6],
    MORE: [3, 'INVALID', 7],
  });
  const [line, ...rest] = (await consume(node.engine, processingLogTopic(node.engine.serviceId))).map((text) =>
    text.slice(text.indexOf('{')),
  );
  expect(rest).toEqual([]);
  expect(JSON.parse(line!)).toMatchObject({
    QUERY_ID: 'F',
    TYPE: 'MODEL',
    ERROR_MESSAGE: expect.stringMatching(/^model "DOUBLED" version 1: HTTP_4XX: /) as string,
  });
  await node.close();
});

test.each([
  ['is slow', ", DEADLINE='50 MILLISECONDS', MAX_RETRIES=5", 98, 503, 50306, /version 1 gives no score: DEADLINE: /],
  ['refuses', '', -10, 400, 40001, /version 1 does not score this: HTTP_4XX: /],
])('with ON_ERROR FAIL a request fails where the model %s', async (_, options, amount, status, code, message) => {
  const node = await serving(options);
  const answer = errorAnswer(await read(node, ['a', 'b'], [amount, 0]).catch((error: unknown) => error));
  expect(answer).toMatchObject({
    status,
    body: { error_code: code, message: expect.stringMatching(message) as string },
  });
  await node.close();
});

test('a service of before there were models in them is read', () => {
  const service = { name: 'F', statement: '', options: {}, request: [], views: [], features: [] };
  expect(readCommand(JSON.stringify({ v: 1, kind: 'putFeatureService', service }), 0)).toEqual({
    v: 2,
    kind: 'putFeatureService',
    service,
  });
});
