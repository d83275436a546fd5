import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { basic, ksql, send, startWith, usersFile } from '../../support/access.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({ 'limits.client.stalled.ms': '300', 'ksql.server.command.response.timeout.ms': '100' });
  await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, n BIGINT, tags ARRAY<STRING>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
     CREATE TABLE t AS SELECT k, SUM(n) AS total FROM s GROUP BY k;
     INSERT INTO s VALUES ('a', 1, ARRAY['x']), ('b', 2, NULL), ('a', 3, NULL);`,
  );
});
afterAll(() => node.close());

interface Opened {
  readonly client: WebSocket;
  readonly frames: string[];
  readonly closed: Promise<string>;
}
interface Asked {
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly of?: RunningNode;
}
function open(request: unknown, { query = '&version=1', headers, of = node }: Asked = {}): Opened {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  const url = `${of.server.url.replace('http', 'ws')}/ws/query?request=${encodeURIComponent(text)}${query}`;
  const client = new WebSocket(url, headers === undefined ? {} : { headers });
  const frames: string[] = [];
  client.on('message', (data: Buffer) => frames.push(data.toString()));
  const closed = new Promise<string>((resolve) => {
    client.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`));
    client.on('unexpected-response', (_, response) => resolve(`HTTP ${response.statusCode}`));
    client.on('error', () => undefined);
  });
  return { client, frames, closed };
}
const fromStart = { 'auto.offset.reset': 'earliest' };
const pushes = async (): Promise<number> => {
  const answer = JSON.parse((await ksql(node, {}, 'SHOW QUERIES;')).text) as { queries: { queryType: string }[] }[];
  return answer[0]!.queries.filter(({ queryType }) => queryType === 'PUSH').length;
};

test('a pull query: the schema, a frame for each row, and the end', async () => {
  await expect.poll(async () => (await ksql(node, {}, "SELECT * FROM t WHERE k = 'a';", '/query')).text).toContain('4');
  const { frames, closed } = open({ ksql: "SELECT * FROM t WHERE k = 'a';" });
  expect(await closed).toBe('1000 done');
  expect(frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
    [
      { name: 'K', schema: { type: 'STRING', fields: null, memberSchema: null }, type: 'KEY' },
      { name: 'TOTAL', schema: { type: 'BIGINT', fields: null, memberSchema: null } },
    ],
    { row: { columns: ['a', 4] } },
  ]);
});

test('a push query goes on until its LIMIT, or until the client leaves', async () => {
  const limited = open({ ksql: 'SELECT n, tags FROM s EMIT CHANGES LIMIT 2;', streamsProperties: fromStart });
  expect(await limited.closed).toBe('1000 done');
  expect(limited.frames.slice(1)).toEqual(['{"row":{"columns":[1,["x"]]}}', '{"row":{"columns":[2,null]}}']);

  const { client, frames } = open({ ksql: 'SELECT n FROM s EMIT CHANGES;', streamsProperties: fromStart });
  await expect.poll(() => frames.length).toBe(4);
  expect(await pushes()).toBe(1);
  await ksql(node, {}, "INSERT INTO s (k, n) VALUES ('c', 9);");
  await expect.poll(() => frames.at(-1)).toBe('{"row":{"columns":[9]}}');
  client.close();
  await expect.poll(pushes).toBe(0);
});

test('PRINT gives its lines', async () => {
  const { frames, closed } = open({ ksql: "PRINT 's' FROM BEGINNING LIMIT 1;" });
  expect(await closed).toBe('1000 done');
  expect(frames.join('\n')).toContain('key: a');
});

test('what cannot be served is told as the reason of the close, within its bytes', async () => {
  expect(await open({ ksql: 'SELECT * FROM nothing;' }).closed).toMatch(/^1003 .*NOTHING/);
  expect(await open({ ksql: 'SHOW STREAMS;' }).closed).toMatch(/^1003 /);
  expect(await open('no JSON').closed).toMatch(/^1003 the request body is not JSON/);
  expect(await open({ ksql: 'SELECT * FROM t;' }, { query: '&version=2' }).closed).toMatch(/^1003 version 2 /);
  const long = await open({ ksql: `SELECT \`${'ä'.repeat(300)}\` FROM t;` }).closed;
  expect(long).toMatch(/^1003 .*…$/);
  expect(Buffer.byteLength(long.slice('1003 '.length))).toBeLessThanOrEqual(123);
  expect(await open({ ksql: 'SELECT * FROM t;', commandSequenceNumber: 1_000_000 }).closed).toMatch(/^1013 /);
});

test('a request without an upgrade is told what to ask for, and other upgrades are answered as HTTP', async () => {
  expect((await send(node, 'GET', '/ws/query?request=%7B%7D')).status).toBe(426);
  for (const [path, status] of [
    ['/info', 200],
    ['/ws/query', 426],
  ] as const) {
    const socket = connect(node.server.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.destroy();
  }
});

test('a page of another origin, and a user without a name or the right, get no socket or no rows', async () => {
  const select = { ksql: 'SELECT * FROM t;' };
  expect(await open(select, { headers: { origin: 'https://evil.example.com' } }).closed).toBe('HTTP 403');
  const guarded = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ ann: ['reader'] }),
  });
  try {
    expect(await open({ ksql: 'SELECT 1;' }, { of: guarded }).closed).toBe('HTTP 401');
    const headers = basic('ann');
    expect(await open({ ksql: 'SHOW STREAMS;' }, { of: guarded, headers }).closed).toMatch(/^1003 /);
  } finally {
    await guarded.close();
  }
});

test('a client that takes nothing is cut off', async () => {
  await ksql(
    node,
    {},
    `CREATE STREAM wide (n INT) WITH (kafka_topic='wide', value_format='JSON', partitions=1);
     ${Array.from({ length: 40 }, (_, i) => `INSERT INTO wide VALUES (${i});`).join('')}`,
  );
  const { client } = open({
    ksql: "SELECT RPAD('', 1000000, 'x') FROM wide EMIT CHANGES;",
    streamsProperties: fromStart,
  });
  await once(client, 'message');
  client.pause();
  await expect.poll(pushes, { timeout: 20_000 }).toBe(0);
  expect(client.readyState).toBe(client.OPEN);
  client.terminate();
});
