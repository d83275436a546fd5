import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

/** A model server that doubles its input, and answers 400 to any batch with a negative number in it. */
let server: Server;
let endpoint: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const send = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      const column = (name: string): object => ({ name, datatype: 'FP64', shape: [-1] });
      if (request.method === 'GET') return send(200, { inputs: [column('x')], outputs: [column('score')] });
      const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as { inputs: { data: number[] }[] };
      const { data } = inputs[0]!;
      if (data.some((each) => each < 0)) return send(400, { error: 'negative' });
      return send(200, { outputs: [{ name: 'score', shape: [data.length], data: data.map((each) => each * 2) }] });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function scored(options: string): Promise<TestEngine> {
  const engine = await openEngine();
  await engine.run(`
    CREATE STREAM s (k STRING KEY, x DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE MODEL m INPUT (x DOUBLE) OUTPUT (score DOUBLE)
      WITH (PROVIDER='oip-v2', ENDPOINT='${endpoint}', MODEL_NAME='m', MAX_RETRIES=0, ${options});
    CREATE STREAM o AS SELECT s.k AS k, p.score AS score, p.model_error AS error FROM s INVOKE MODEL m USING (s.x) AS p
      EMIT CHANGES;
    INSERT INTO s (ROWTIME, k, x) VALUES (1, 'a', 1); INSERT INTO s (ROWTIME, k, x) VALUES (2, 'b', -1);
    INSERT INTO s (ROWTIME, k, x) VALUES (3, 'c', 3);`);
  await engine.settle();
  return engine;
}

async function records({ engine }: TestEngine, topic: string): Promise<readonly (readonly [unknown, object])[]> {
  const reader = await engine.node.openReader(topic, 'beginning');
  const found = await reader.poll(100, 0);
  reader.close();
  return found.map(({ value, headers }) => [
    JSON.parse(value!.toString()),
    Object.fromEntries(headers.map((each) => [each.key, each.value?.toString()])),
  ]);
}

test.each([
  ["ON_ERROR='NULL'", { SCORE: null, ERROR: 'HTTP_4XX' }],
  [`ON_ERROR='DEFAULT', DEFAULT_VALUE='{"score":0.5}'`, { SCORE: 0.5, ERROR: 'HTTP_4XX' }],
])('a row that cannot be scored goes on: %s', async (options, expected) => {
  const engine = await scored(options);
  const rows = await records(engine, 'O');
  expect(rows.map(([value]) => value)).toEqual([{ SCORE: 2, ERROR: null }, expected, { SCORE: 6, ERROR: null }]);
  await engine.close();
});

test("a row that cannot be scored goes to the dead letters whole, with where it came from: ON_ERROR='DLQ'", async () => {
  const engine = await scored("ON_ERROR='DLQ'");
  const rows = await records(engine, 'O');
  expect(rows.map(([value]) => value)).toEqual([
    { SCORE: 2, ERROR: null },
    { SCORE: 6, ERROR: null },
  ]);
  const [query] = engine.engine.catalog.queries.keys();
  expect(await records(engine, 'test_millrace_dead_letters')).toEqual([
    [
      { K: 'b', X: -1 },
      {
        'error.class': 'HTTP_4XX',
        'error.message': `model "M" version 1: HTTP_4XX: ${endpoint}/v2/models/m/infer: 400 {"error":"negative"}`,
        model: 'M',
        version: '1',
        query,
        'source.topic': 's',
        'source.partition': '0',
        'source.offset': '1',
      },
    ],
  ]);
  const [logged] = await records(engine, 'test_ksql_processing_log');
  expect(logged![0]).toMatchObject({ TYPE: 'MODEL', SOURCE_TOPIC: 's', SOURCE_OFFSET: 1 });
  await engine.close();
});

test("a row that cannot be scored stops its query, which says why: ON_ERROR='FAIL'", async () => {
  const engine = await scored("ON_ERROR='FAIL'");
  const [query] = engine.engine.catalog.queries.keys();
  expect(engine.engine.node.status(query!)).toMatchObject({
    state: 'ERROR',
    error: expect.stringContaining('model "M" version 1: HTTP_4XX: ') as string,
  });
  // What was committed before stays; nothing passes the row that failed.
  const scores = (await records(engine, 'O')).map(([value]) => (value as { SCORE: unknown }).SCORE);
  expect([[], [2]]).toContainEqual(scores);
  await engine.close();
});

test('a row with a null input that is not scored leaves a trace: in the log, and in the count of errors', async () => {
  const engine = await scored("ON_ERROR='NULL'");
  await engine.run("INSERT INTO s (ROWTIME, k) VALUES (4, 'd');");
  await engine.settle();
  expect((await records(engine, 'O')).at(-1)![0]).toEqual({ SCORE: null, ERROR: null });
  const logged = await records(engine, 'test_ksql_processing_log');
  expect(logged.map(([row]) => row).slice(1)).toEqual([
    expect.objectContaining({
      TYPE: 'MODEL',
      SOURCE_TOPIC: 's',
      SOURCE_OFFSET: 3,
      ERROR_MESSAGE: 'model "M" version 1 was not called: an input is null',
    }),
  ]);
  await engine.close();
});
