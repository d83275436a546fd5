import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { ksql, send, startWith } from '../../support/access.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({ 'auto.offset.reset': 'earliest' });
  const made = await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
     CREATE TABLE t AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;`,
  );
  expect(made.status, made.text).toBe(200);
});
afterAll(() => node.close());

const insert = (lines: readonly string[]): ReturnType<typeof send> =>
  send(node, 'POST', '/inserts-stream', {}, `{"target":"s"}\n${lines.join('\n')}\n`);
const answers = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const ok = (seq: number): object => ({ status: 'ok', seq });
async function rowsOf(k: string): Promise<string> {
  return (await send(node, 'POST', '/query', {}, JSON.stringify({ ksql: `SELECT k, n FROM s WHERE k = '${k}';` })))
    .text;
}

test('rows that come together are written together, and each has its answer', async () => {
  const produced = vi.spyOn(node.engine.node, 'produce');
  const count = 2000;
  const { text } = await insert(Array.from({ length: count }, (_, i) => `{"k":"many","n":${i}}`));
  expect(answers(text)).toEqual(Array.from({ length: count }, (_, i) => ok(i)));
  expect(produced.mock.calls.flatMap(([, records]) => records)).toHaveLength(count);
  expect(produced.mock.calls.length).toBeLessThan(20);
  produced.mockRestore();
  expect((await rowsOf('many')).match(/"columns":\["many",\d+\]/g)).toEqual(
    Array.from({ length: count }, (_, i) => `"columns":["many",${i}]`),
  );
});

test('of rows that come together those before a wrong one are in, and those behind it are not', async () => {
  const { text } = await insert([
    '{"k":"half","n":1}',
    '',
    '{"k":"half","n":2}',
    '{"k":"half","n":"x"}',
    '{"k":"half","n":4}',
  ]);
  expect(answers(text)).toEqual([ok(0), ok(1), expect.objectContaining({ status: 'error', seq: 2 })]);
  expect((await rowsOf('half')).match(/"columns":\["half",\d\]/g)).toEqual([
    '"columns":["half",1]',
    '"columns":["half",2]',
  ]);
});

test('what is written is answered though a long row behind it cannot be written', async () => {
  const produce = node.engine.node.produce.bind(node.engine.node);
  const long = 'x'.repeat(20_000);
  const refused = vi.spyOn(node.engine.node, 'produce').mockImplementation(async (topic, records) => {
    if (records.some(({ value }) => (value?.length ?? 0) > 16_000 || String(records[0]!.key).length > 16_000))
      throw new TypeError('too large');
    await produce(topic, records);
  });
  const { text } = await insert([
    '{"k":"first","n":1}',
    '{"k":"first","n":2}',
    `{"k":"${long}","n":3}`,
    '{"k":"first","n":4}',
  ]);
  refused.mockRestore();
  expect(answers(text)).toEqual([ok(0), ok(1), expect.objectContaining({ status: 'error', seq: 2 })]);
  expect((await rowsOf('first')).match(/"columns":\["first",\d\]/g)).toHaveLength(2);
});

test('a client that waits for each answer has it before it sends the next row', async () => {
  const request = http.request(`${node.server.url}/inserts-stream`, { method: 'POST' });
  request.write('{"target":"s"}\n{"k":"slow","n":0}\n');
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.setEncoding('utf8');
  for (let i = 0; i < 5; i++) {
    const [text] = (await once(response, 'data')) as [string];
    expect(answers(text)).toEqual([ok(i)]);
    if (i < 4) request.write(`{"k":"slow","n":${i + 1}}\n`);
  }
  request.end();
  await once(response.resume(), 'end');
});

test('a source that is dropped while rows come is told', async () => {
  await ksql(
    node,
    {},
    "CREATE STREAM gone (k STRING KEY) WITH (kafka_topic='gone', value_format='JSON', partitions=1);",
  );
  const request = http.request(`${node.server.url}/inserts-stream`, { method: 'POST' });
  request.write('{"target":"gone"}\n{"k":"a"}\n');
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.setEncoding('utf8');
  await once(response, 'data');
  await ksql(node, {}, 'DROP STREAM gone;');
  request.end('{"k":"b"}\n');
  const [text] = (await once(response, 'data')) as [string];
  expect(answers(text)).toEqual([
    expect.objectContaining({
      status: 'error',
      seq: 1,
      message: expect.stringContaining('"GONE" does not exist') as string,
    }),
  ]);
});
