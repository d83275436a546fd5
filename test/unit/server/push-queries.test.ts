import http from 'node:http';
import http2 from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { basic, fileOf, ksql, send, startWith, usersFile } from '../../support/access.ts';
import { unread } from '../../support/unread.ts';

let node: RunningNode;
const audit = fileOf('');
beforeAll(async () => {
  node = await startWith({ 'limits.client.stalled.ms': '300', 'audit.log': audit });
  await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);
     CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
     INSERT INTO s VALUES ('a', 'x');`,
  );
});
afterAll(() => node.close());

type Entity = Record<string, unknown>;
async function told(sql: string, headers: Record<string, string> = {}, of = node): Promise<Entity> {
  const json = JSON.parse((await ksql(of, headers, sql)).text) as Entity | Entity[];
  return Array.isArray(json) ? json[0]! : json;
}
type Listed = Record<'id' | 'queryType' | 'queryString' | 'state', string> & { sinks: string[] };
const pushed = async (): Promise<Listed[]> => {
  const { queries } = await told('SHOW QUERIES;');
  return (queries as Listed[]).filter(({ queryType }) => queryType === 'PUSH');
};
const fromStart = { 'auto.offset.reset': 'earliest' };

/** The answer to a query as its bytes come. */
async function open(
  path: string,
  body: object,
  headers: Record<string, string> = {},
  of = node,
): Promise<{ response: http.IncomingMessage; next: (until: string) => Promise<string>; ended: Promise<unknown> }> {
  const request = http.request(of.server.url + path, { method: 'POST', headers });
  request.end(JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  response.on('error', () => undefined);
  const ended = new Promise((resolve) => response.on('close', resolve));
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  const text = (): string => {
    const bytes = Buffer.concat(chunks);
    if (response.headers['content-encoding'] !== 'gzip') return bytes.toString();
    return bytes.length === 0 ? '' : gunzipSync(bytes, { finishFlush: 2 }).toString();
  };
  const next = async (until: string): Promise<string> => {
    await expect.poll(text).toContain(until);
    return text();
  };
  return { response, next, ended };
}

test.each(['/query-stream', '/query'])(
  'a push query of %s is shown, explained and terminated by its id',
  async (path) => {
    const sql = "SELECT v FROM s WHERE v <> 'no' EMIT CHANGES;";
    const { next, ended } = await open(path, { sql, ksql: sql, properties: fromStart, streamsProperties: fromStart });
    await next('"x"');
    const [query, ...others] = await pushed();
    expect(others).toEqual([]);
    expect(query).toMatchObject({ queryString: sql, sinks: [], state: 'RUNNING' });
    const id = query!.id;
    const { queryDescription } = await told(`EXPLAIN ${id};`);
    expect(queryDescription).toMatchObject({
      id,
      statementText: sql,
      sources: ['S'],
      sinks: [],
      queryType: 'PUSH',
      state: 'RUNNING',
      overriddenProperties: expect.objectContaining({ 'auto.offset.reset': 'earliest' }) as unknown,
    });
    const { queryDescriptions } = await told('SHOW QUERIES EXTENDED;');
    expect((queryDescriptions as Entity[]).map((each) => each['id'])).toEqual(['CTAS_T_0', id]);
    // As ksqlDB's clients write it: without quotes, with them, in any case.
    const written = path === '/query' ? `\`${id}\`` : id.toUpperCase();
    expect(await told(`TERMINATE ${written};`)).toMatchObject({
      '@type': 'terminate_query',
      queryId: id,
      wasTerminated: true,
    });
    await ended;
    expect(await pushed()).toEqual([]);
    expect(await told(`TERMINATE ${id};`)).toMatchObject({ code: 'QUERY_NOT_FOUND' });
  },
);

test('with users, a push query is its owner’s to terminate, and seen by who reads its source', async () => {
  const named = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ root: ['root'], ann: ['reader'], bob: ['reader'], eve: ['other'] }),
    'authorization.file': fileOf('root = all on *\nreader = read on S\nother = read, terminate on O\n'),
  });
  try {
    const create = `CREATE STREAM s (v STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;
    expect((await ksql(named, basic('root'), create)).status).toBe(200);
    const { ended } = await open('/query-stream', { sql: 'SELECT * FROM s EMIT CHANGES;' }, basic('ann'), named);
    const ids = async (user: string): Promise<string[]> => {
      const { queries } = await told('SHOW QUERIES;', basic(user), named);
      return (queries as Listed[]).map(({ id }) => id);
    };
    const [id] = await ids('bob');
    expect(id).toMatch(/^transient_S_/);
    expect(await ids('eve')).toEqual([]);
    for (const sql of [`TERMINATE ${id!};`, `EXPLAIN ${id!};`])
      expect([sql, (await ksql(named, basic('eve'), sql)).status]).toEqual([sql, 403]);
    expect((await ksql(named, basic('bob'), `TERMINATE ${id!};`)).status).toBe(403);
    expect((await ksql(named, basic('bob'), `EXPLAIN ${id!};`)).status).toBe(200);
    expect((await ksql(named, basic('ann'), `TERMINATE ${id!};`)).status).toBe(200);
    await ended;
  } finally {
    await named.close();
  }
});

test.each(['gzip', 'br;q=1.0, gzip;q=0.8, *;q=0.1', '*'])(
  'rows come in gzip as they are made (%s)',
  async (accepted) => {
    const { response, next } = await open(
      '/query-stream',
      { sql: "SELECT v FROM s WHERE k = 'g' EMIT CHANGES;", properties: fromStart },
      { 'accept-encoding': accepted },
    );
    expect(response.headers['content-encoding']).toBe('gzip');
    await next('columnNames');
    for (const row of ['one', 'two']) {
      await ksql(node, {}, `INSERT INTO s VALUES ('g', '${row}${accepted.length}');`);
      await next(`["${row}${accepted.length}"]`);
    }
    response.destroy();
  },
);

test('answers are packed where the client takes it and where it pays', async () => {
  const get = async (path: string, headers: Record<string, string>): Promise<Record<string, unknown>> =>
    (await send(node, 'GET', path, headers)).headers;
  const packed = await get('/metrics', { 'accept-encoding': 'gzip' });
  expect(packed).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
  expect(packed).not.toHaveProperty('content-length');
  for (const headers of [{}, { 'accept-encoding': 'br' }, { 'accept-encoding': 'gzip;q=0' }])
    expect(await get('/metrics', headers)).not.toHaveProperty('content-encoding');
  expect(await get('/livez', { 'accept-encoding': 'gzip' })).not.toHaveProperty('content-encoding');
  expect((await send(node, 'HEAD', '/metrics', { 'accept-encoding': 'gzip' })).status).toBe(200);
  const asked = { ksql: 'SHOW PROPERTIES;' };
  const fetched = await fetch(`${node.server.url}/ksql`, { method: 'POST', body: JSON.stringify(asked) });
  expect(fetched.headers.get('content-encoding')).toBe('gzip');
  expect(((await fetched.json()) as Entity[])[0]).toMatchObject({ '@type': 'properties' });
});

test('gzip works over HTTP/2 too', async () => {
  const session = http2.connect(node.server.url);
  const request = session.request({
    ':path': '/query-stream',
    ':method': 'POST',
    'accept-encoding': 'gzip',
  });
  request.end(JSON.stringify({ sql: 'SELECT k FROM s LIMIT 1;', properties: fromStart }));
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(gunzipSync(Buffer.concat(chunks)).toString()).toMatch(/\n\["a"\]\n$/);
  session.close();
});

test.each([
  ['HTTP/1.1', {}],
  ['HTTP/1.1', { 'accept-encoding': 'gzip' }],
  ['HTTP/2', {}],
] as const)(
  'a client of %s that takes nothing is cut off (%o)',
  async (version, headers) => {
    const sql = 'SELECT * FROM big EMIT CHANGES;';
    await unread.fill(node);
    const client = await unread.open(node, version, sql, headers);
    await expect.poll(() => node.engine.pushQueries.all().map(({ statement }) => statement)).toContain(sql);
    await expect.poll(() => node.engine.pushQueries.size, { timeout: 20_000 }).toBe(0);
    // The audit log is written behind the request.
    await expect
      .poll(() => JSON.parse(readFileSync(audit, 'utf8').trim().split('\n').at(-1)!) as unknown)
      .toMatchObject({ statement: sql, result: 'failed', code: 'CLIENT_STALLED' });
    client.close();
    expect((await ksql(node, {}, 'SHOW STREAMS;')).status).toBe(200);
  },
  60_000,
);
