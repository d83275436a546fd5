import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { basic, ksql, send, startWith, usersFile } from '../../support/access.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ ann: [], bob: [] }),
    'limits.user.request.bytes': '2000',
    'limits.user.rows': '3',
    'limits.user.statements.per.minute': '30',
    'limits.user.push.queries': '1',
  });
  const rows = Array.from({ length: 5 }, (_, i) => `INSERT INTO s VALUES ('${i}', ${i});`).join('');
  const create = `CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;
  expect((await ksql(node, basic('ann'), create + rows)).status).toBe(200);
});
afterAll(() => node.close());

test('a body that is too long is refused', async () => {
  const answer = await ksql(node, basic('ann'), `SHOW STREAMS;${' '.repeat(3000)}`);
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('larger than 2000 bytes')]);
});

test('a query gives as many rows as it may, then an error', async () => {
  const body = JSON.stringify({ sql: 'SELECT * FROM s;', properties: { 'auto.offset.reset': 'earliest' } });
  const answer = await send(node, 'POST', '/query-stream', basic('ann'), body);
  expect(answer.text).toContain('limits.user.rows');
  const few = JSON.stringify({ sql: 'SELECT * FROM s LIMIT 3;', properties: { 'auto.offset.reset': 'earliest' } });
  expect((await send(node, 'POST', '/query-stream', basic('ann'), few)).text).not.toContain('USER_LIMIT');
});

test('push queries and statements are counted by user', async () => {
  const open = async (user: string): Promise<{ status: number; stop: () => void }> => {
    const stop = new AbortController();
    const response = await fetch(`${node.server.url}/query-stream`, {
      method: 'POST',
      headers: basic(user),
      body: JSON.stringify({ sql: 'SELECT * FROM s EMIT CHANGES;' }),
      signal: stop.signal,
    });
    return { status: response.status, stop: () => stop.abort() };
  };
  const first = await open('ann');
  expect(first.status).toBe(200);
  expect((await open('ann')).status).toBe(429);
  const other = await open('bob');
  expect(other.status).toBe(200);
  first.stop();
  await expect.poll(async () => (await open('ann')).status, { timeout: 10_000, interval: 500 }).toBe(200);
  other.stop();
  const many = await ksql(node, basic('ann'), 'SHOW STREAMS;'.repeat(40));
  expect([many.status, many.code]).toEqual([429, 42900]);
  expect((await ksql(node, basic('bob'), 'SHOW STREAMS;')).status).toBe(200);
});
