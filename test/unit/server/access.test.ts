import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { maskedStatement } from '../../../src/server/access/audit.ts';
import { routeRights } from '../../../src/server/access/route-rights.ts';
import { changesOf } from '../../../src/statements/index.ts';
import { needsOf } from '../../../src/statements/rights.ts';
import { parse, splitScript } from '../../../src/syntax/parse.ts';
import type { Statement } from '../../../src/syntax/statements/index.ts';
import { goldenFiles } from '../../golden/golden.ts';
import { basic, fileOf, ksql, send, startWith, usersFile } from '../../support/access.ts';

const grants = `
# what roles may do
analyst = read on CLICKS, PUBLIC_*
etl = read on CLICKS
etl = write, create on CLICKS, ETL_*
ops = terminate on *
reader = read on *
owner = all on *
`;
const auditLog = fileOf('');
let node: RunningNode;
beforeAll(async () => {
  node = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({
      ann: ['analyst'],
      eve: ['etl'],
      otto: ['ops'],
      rita: ['reader'],
      olga: ['owner'],
      nobody: [],
    }),
    'authorization.file': fileOf(grants),
    'audit.log': auditLog,
  });
  const answer = await ksql(
    node,
    basic('olga'),
    `CREATE STREAM clicks (k STRING KEY, v INT) WITH (kafka_topic='clicks', value_format='JSON', partitions=1);
     CREATE STREAM secrets (k STRING KEY, v INT) WITH (kafka_topic='secrets', value_format='JSON', partitions=1);
     CREATE TABLE public_counts AS SELECT k, COUNT(*) AS n FROM clicks GROUP BY k;
     CREATE STREAM derived AS SELECT k, v FROM secrets;
     CREATE FEATURE VIEW secret_view ENTITY KEY (k) AS SELECT k, SUM(v) AS n FROM secrets GROUP BY k;
     CREATE FEATURE SERVICE public_service FEATURES (secret_view.n);`,
  );
  expect(answer.status, answer.text).toBe(200);
});
afterAll(() => node.close());

const status = async (user: string, sql: string): Promise<number> => (await ksql(node, basic(user), sql)).status;
const query = async (user: string, sql: string): Promise<number> =>
  (await ksql(node, basic(user), sql, '/query-stream')).status;

test.each([
  '',
  'Basic',
  'Basic !!!',
  'Bearer a.b.c',
  'Digest x',
  basic('olga', 'wrong')['authorization']!,
  basic('stranger')['authorization']!,
])('who does not show a known name gets 401 in ksqlDB’s form: %s', async (authorization) => {
  for (const [method, path] of [
    ['GET', '/info'],
    ['POST', '/ksql'],
    ['GET', '/metrics'],
    ['GET', '/none'],
  ] as const) {
    const answer = await send(
      node,
      method,
      path,
      authorization === '' ? {} : { authorization },
      method === 'POST' ? '{}' : undefined,
    );
    expect([answer.status, answer.code]).toEqual([401, 40100]);
    expect(JSON.parse(answer.text)).toMatchObject({ '@type': 'generic_error', code: 'UNAUTHORIZED' });
    expect(answer.headers['www-authenticate']).toBe('Basic realm="KSQL", charset="UTF-8"');
  }
});

test('health is open, and nothing else is', async () => {
  for (const path of ['/healthcheck', '/chc/live', '/chc/ready'])
    expect((await send(node, 'GET', path)).status, path).toBe(200);
  for (const path of ['/healthcheck/', '/HealthCheck', '//healthcheck', '/healthcheck/../ksql'])
    expect((await send(node, 'GET', path)).status, path).toBe(401);
});

test('every route has a right', () => {
  const folder = join(import.meta.dirname, '../../../src/server/routes');
  const served = readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return [...text.matchAll(/app\.(get|post|put|delete)\((\[[^\]]*\]|'[^']*')/g)].flatMap(([, method, paths]) =>
      [...paths!.matchAll(/'([^']*)'/g)].map(([, path]) => `${method!.toUpperCase()} ${path}`),
    );
  });
  const known = routeRights.map(([method, path]) => `${method} ${path}`);
  expect(served.length).toBeGreaterThan(25);
  expect(served.filter((route) => !known.includes(route))).toEqual([]);
});

test('a statement that changes anything needs more than read, and one that does not needs no more', () => {
  const kinds = new Set<string>();
  for (const { file } of goldenFiles)
    for (const { command, body } of file.blocks) {
      if (command !== 'sql' && command !== 'error' && command !== 'ask') continue;
      let statements: Statement[] = [];
      try {
        statements = splitScript({ name: 'golden', text: body }).map(parse);
      } catch {
        // A statement that is refused for its syntax.
      }
      for (const statement of statements) {
        if (statement.kind === 'explain') continue;
        const changes = !['nothing', 'session'].includes(changesOf(statement));
        const needs = needsOf(statement, new Catalog());
        if (statement.kind === 'print') continue;
        expect([statement.kind, needs.some(({ right }) => right !== 'read')]).toEqual([statement.kind, changes]);
        if (changesOf(statement) !== 'session') expect(needs.length, statement.kind).toBeGreaterThan(0);
        kinds.add(statement.kind);
      }
    }
  expect(kinds.size).toBeGreaterThan(20);
});

test.each([
  ['SELECT ML_PREDICT(m, a) AS x FROM s EMIT CHANGES;', ['S', 'M']],
  ["SELECT INVOKE MODEL m (a)->x + 1 AS x FROM s WHERE ML_PREDICT('n$2', a) > 1 EMIT CHANGES;", ['S', 'M', 'N']],
  ["CREATE FEATURE SERVICE f FEATURES (v.a, COALESCE(ML_PREDICT('m', v.a), 1) AS x);", ['V', 'M']],
])('who calls a model in an expression must be allowed to read it: %s', (text, names) => {
  const needs = needsOf(parse(splitScript({ name: 'calls', text })[0]!), new Catalog());
  const read = needs.filter(({ right }) => right === 'read').map(({ on }) => on);
  expect(new Set(read)).toEqual(new Set(names));
});

const changing = [
  `CREATE STREAM other (k STRING KEY) WITH (kafka_topic='other', value_format='JSON', partitions=1);`,
  `CREATE OR REPLACE STREAM derived AS SELECT k FROM secrets;`,
  `CREATE TABLE t2 AS SELECT k, COUNT(*) AS n FROM clicks GROUP BY k;`,
  `INSERT INTO secrets VALUES ('a', 1);`,
  `INSERT INTO secrets SELECT k, v FROM clicks;`,
  `DELETE FROM public_counts WHERE k = 'a';`,
  `DROP STREAM derived;`,
  `DROP STREAM secrets DELETE TOPIC CASCADE;`,
  `DROP FEATURE VIEW secret_view;`,
  `DROP FEATURE SERVICE public_service;`,
  `ALTER FEATURE VIEW secret_view SET (OWNER='rita');`,
  `MATERIALIZE FEATURE VIEW secret_view;`,
  `TERMINATE ALL;`,
  `PAUSE ALL;`,
  `ALTER STREAM secrets ADD COLUMN w INT;`,
  `ALTER SYSTEM 'auto.offset.reset'='earliest';`,
  `CREATE TYPE place AS STRUCT<x INT>;`,
  `DROP TYPE place;`,
  `CREATE MODEL m WITH (PROVIDER='onnx', PATH='/etc/passwd');`,
  `DROP MODEL m;`,
  `CREATE SOURCE CONNECTOR c WITH ('connector.class'='x');`,
  `DROP CONNECTOR c;`,
  `CREATE FEATURE SERVICE f2 FEATURES (secret_view.n);`,
  `CREATE FEATURE VIEW v2 ENTITY KEY (k) AS SELECT k, SUM(v) AS n FROM secrets GROUP BY k;`,
];
test.each(changing)('who may only read changes nothing, who may do nothing neither: %s', async (sql) => {
  const answer = await ksql(node, basic('rita'), sql);
  expect([answer.status, answer.code]).toEqual([403, 40300]);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await status('nobody', sql)).toBe(403);
  expect(await status('nobody', `SET 'auto.offset.reset'='earliest'; ${sql}`)).toBe(403);
});

test('reading is by source, wherever in a query it stands', async () => {
  expect(await query('ann', 'SELECT * FROM public_counts;')).toBe(200);
  for (const sql of [
    'SELECT * FROM derived EMIT CHANGES LIMIT 1;',
    'SELECT * FROM `SECRETS` EMIT CHANGES LIMIT 1;',
    'SELECT c.k FROM clicks c JOIN secrets s WITHIN 1 HOUR ON c.k = s.k EMIT CHANGES LIMIT 1;',
    'SELECT * FROM (SELECT k FROM secrets) x EMIT CHANGES LIMIT 1;',
    'WITH x AS (SELECT k FROM secrets) SELECT * FROM x EMIT CHANGES LIMIT 1;',
    'WITH clicks AS (SELECT k FROM secrets) SELECT * FROM clicks EMIT CHANGES LIMIT 1;',
    'WITH secrets AS (SELECT k FROM secrets) SELECT * FROM secrets EMIT CHANGES LIMIT 1;',
    'SELECT k FROM clicks UNION ALL SELECT k FROM secrets EMIT CHANGES LIMIT 1;',
    "PRINT 'secrets' FROM BEGINNING LIMIT 1;",
    "PRINT '_command' FROM BEGINNING LIMIT 1;",
    "PRINT 'unknown' FROM BEGINNING LIMIT 1;",
    'SELECT * FROM no_such EMIT CHANGES LIMIT 1;',
  ])
    expect(await query('ann', sql), sql).toBe(403);
  for (const sql of [
    'DESCRIBE secrets;',
    'EXPLAIN SELECT * FROM secrets EMIT CHANGES;',
    'DESCRIBE secret_view;',
    'DESCRIBE FEATURE SERVICE public_service;',
  ])
    expect(await status('ann', sql), sql).toBe(403);
  const features = (user: string): Promise<{ status: number }> =>
    send(
      node,
      'POST',
      '/get-online-features',
      basic(user),
      JSON.stringify({ features: ['secret_view:N'], entities: { K: ['a'] } }),
    );
  expect((await features('ann')).status).toBe(403);
  expect((await features('rita')).status).toBe(200);
  const served = (user: string): Promise<{ status: number }> =>
    send(
      node,
      'POST',
      '/get-online-features',
      basic(user),
      JSON.stringify({ feature_service: 'public_service', entities: { K: ['a'] } }),
    );
  expect((await served('ann')).status).toBe(403);
  expect((await served('rita')).status).toBe(200);
});

test('rows are written by right, over both doors', async () => {
  const insert = (user: string, target: string): Promise<{ status: number }> =>
    send(node, 'POST', '/inserts-stream', basic(user), `{"target":"${target}"}\n{"K":"a","V":1}\n`);
  expect([await status('eve', `INSERT INTO clicks VALUES ('a', 1);`), (await insert('eve', 'clicks')).status]).toEqual([
    200, 200,
  ]);
  for (const user of ['ann', 'rita', 'otto', 'nobody']) {
    expect(await status(user, `INSERT INTO clicks VALUES ('a', 1);`), user).toBe(403);
    expect((await insert(user, 'clicks')).status, user).toBe(403);
  }
  expect((await insert('eve', 'secrets')).status).toBe(403);
  expect((await insert('eve', '`SECRETS`')).status).toBe(403);
});

test('a second source over a topic needs the rights of the first', async () => {
  const over = (topic: string): string =>
    `CREATE STREAM etl_x (k STRING KEY) WITH (kafka_topic='${topic}', value_format='JSON', partitions=1);`;
  expect(await status('eve', over('secrets'))).toBe(403);
  expect(await status('eve', over('_millrace-default__command_topic'))).toBe(403);
  expect(await status('eve', over('default_millrace_dead_letters'))).toBe(403);
  expect(await status('eve', `CREATE STREAM etl_y WITH (kafka_topic='secrets') AS SELECT k, v FROM clicks;`)).toBe(403);
  expect(await status('eve', `CREATE STREAM etl_secrets AS SELECT * FROM secrets;`)).toBe(403);
  expect(await status('eve', over('clicks'))).toBe(200);
});

test('queries end by the right on their sink', async () => {
  const [queries] = JSON.parse((await ksql(node, basic('olga'), 'SHOW QUERIES;')).text) as {
    queries: { id: string; sinks: string[] }[];
  }[];
  const id = queries!.queries.find(({ sinks }) => sinks[0] === 'DERIVED')!.id;
  expect(await status('rita', `PAUSE ${id};`)).toBe(403);
  expect(await status('eve', `TERMINATE ${id};`)).toBe(403);
  expect(await status('otto', `PAUSE ${id};`)).toBe(200);
  expect(await status('otto', `RESUME ${id};`)).toBe(200);
  expect(await status('otto', `SELECT * FROM clicks;`)).toBe(403);
  for (const user of ['rita', 'eve', 'otto'])
    expect((await send(node, 'POST', '/ksql/terminate', basic(user), '{}')).status).toBe(403);
});

test('routes go by their class', async () => {
  for (const [method, path] of [
    ['GET', '/metrics'],
    ['GET', '/status'],
    ['GET', '/subjects'],
  ] as const) {
    expect((await send(node, method, path, basic('nobody'))).status, path).toBe(403);
    expect((await send(node, method, path, basic('rita'))).status, path).toBe(200);
  }
  expect((await send(node, 'GET', '/info', basic('nobody'))).status).toBe(200);
  expect((await send(node, 'PUT', '/config', basic('rita'), '{"compatibility":"NONE"}')).status).toBe(403);
  expect((await send(node, 'POST', '/subjects/a/versions', basic('rita'), '{}')).status).toBe(403);
  expect((await send(node, 'DELETE', '/subjects/a', basic('eve'))).status).toBe(403);
});

test('a push query is closed by who opened it, or by an administrator', async () => {
  const controller = new AbortController();
  const response = await fetch(`${node.server.url}/query-stream`, {
    method: 'POST',
    headers: basic('ann'),
    body: JSON.stringify({ sql: 'SELECT * FROM clicks EMIT CHANGES;' }),
    signal: controller.signal,
  });
  const reader = response.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value as Uint8Array);
  const { queryId } = JSON.parse(first.split('\n')[0]!) as { queryId: string };
  const close = async (user: string): Promise<number> =>
    (await send(node, 'POST', '/close-query', basic(user), JSON.stringify({ queryId }))).status;
  expect(await close('rita')).toBe(403);
  expect(await close('ann')).toBe(200);
  controller.abort();
});

test('the audit log says who did what, without secrets', () => {
  const events = readFileSync(auditLog, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(events.find(({ user, result }) => user === 'olga' && result === 'done')?.['statement']).toContain(
    'CREATE STREAM clicks',
  );
  expect(events.find(({ user, result }) => user === 'rita' && result === 'denied')).toMatchObject({
    code: 'FORBIDDEN',
    address: '127.0.0.1',
  });
  expect(events.some(({ result, code }) => result === 'unauthenticated' && code === 'UNAUTHORIZED')).toBe(true);
  expect(events.every(({ time }) => !Number.isNaN(Date.parse(time!)))).toBe(true);
  expect(readFileSync(auditLog, 'utf8')).not.toMatch(/-pw|c2VjcmV0|Basic /);
});

test.each([
  [`CREATE MODEL m WITH (PROVIDER='oip-v2', AUTH_TOKEN='canary', MODEL_NAME='m');`],
  [`CREATE SOURCE CONNECTOR c WITH ('connection.password' = 'canary', "api.key"='canary');`],
  [`DEFINE x = 'canary';`],
  [`INSERT INTO s VALUES ('canary', 1), ('b', 2);`],
  [`SELECT 1 /* canary */ FROM s; -- canary`],
  [`SET 'sasl.password'='canary';`],
  [`CREATE MODEL m WITH (AUTH_TOKEN='canary`],
])('statements are masked in the log: %s', (text) => {
  expect(maskedStatement(text)).not.toContain('canary');
});
test('what is no secret stays readable in the log', () => {
  const text = `CREATE STREAM s (k STRING KEY) WITH (kafka_topic='s', value_format='JSON');`;
  expect(maskedStatement(text)).toBe(text);
});

test('users and rights are read again when their files change; what cannot be read is not', async () => {
  const users = await usersFile({ ann: ['analyst'], bob: [] });
  const rights = fileOf('analyst = read on A');
  const log: string[] = [];
  const own = await startWith(
    { 'authentication.method': 'BASIC', 'authentication.users.file': users, 'authorization.file': rights },
    log,
  );
  try {
    const is = async (user: string): Promise<number> => (await ksql(own, basic(user), 'SHOW STREAMS;')).status;
    expect([await is('ann'), await is('bob')]).toEqual([200, 403]);
    writeFileSync(rights, 'analyst = read on A\nbob = everything');
    await expect.poll(() => log.join('\n'), { timeout: 20_000 }).toContain('line 2');
    expect(await is('ann')).toBe(200);
    writeFileSync(users, readFileSync(users, 'utf8').replace(/^ann.*\n/m, ''));
    await expect.poll(() => is('ann'), { timeout: 20_000 }).toBe(401);
    appendFileSync(users, 'eve: plain-password\n');
    await expect.poll(() => log.join('\n'), { timeout: 20_000 }).toContain('not a password');
    expect(log.join('\n')).not.toContain('plain-password');
  } finally {
    await own.close();
  }
});

test.each([
  [{ 'authentication.method': 'BASIC' }, 'authentication.users.file'],
  [{ 'authentication.method': 'BEARER' }, 'oauthbearer.jwks.endpoint.url'],
  [{ 'authentication.method': 'CERTIFICATE', 'authentication.users.file': '/none' }, 'https'],
  [{ 'authentication.method': 'BASICS' }, 'authentication.method'],
  [{ 'authentication.method': 'BASIC', 'authentication.users.file': '/none' }, 'cannot be read'],
  [{ 'authentication.method': 'BASIC', 'authentication.users.file': fileOf('ann: secret,admin') }, 'line 1'],
  [{ 'authentication.users.file': fileOf('') }, 'does not ask for it'],
  [{ 'authorization.file': fileOf('') }, 'nobody has a name'],
  [{ 'authentication.plugin.class': 'x' }, 'security'],
  [{ 'ksql.authentication.user': 'x' }, 'security'],
  [{ 'ksql.access.token': 'x' }, 'security'],
  [{ 'ksql.unheard.of': 'x' }, 'does not exist'],
])('security settings that nobody would obey stop the start: %j', async (settings, text) => {
  const started = Promise.resolve().then(() => startWith(settings as unknown as Record<string, string>));
  await expect(started).rejects.toThrow(text);
});

test('an authenticated user may do everything where no rights are set; authentication.roles says who comes in', async () => {
  const own = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ ann: ['admin'], bob: ['guest'] }),
    'authentication.roles': 'admin,developer',
  });
  try {
    expect((await ksql(own, basic('ann'), 'SHOW STREAMS; TERMINATE ALL;')).status).toBe(200);
    expect((await ksql(own, basic('bob'), 'SHOW STREAMS;')).status).toBe(403);
  } finally {
    await own.close();
  }
  expect(existsSync(auditLog)).toBe(true);
});

test('rights on a view are rights on all of its versions', async () => {
  const view = (n: string): string =>
    `FEATURE VIEW public_view ENTITY KEY (k) AS SELECT k, ${n} AS n FROM clicks GROUP BY k;`;
  expect(await status('olga', `CREATE ${view('COUNT(*)')}`)).toBe(200);
  expect(await status('ann', `CREATE OR REPLACE ${view('SUM(v)')}`)).toBe(403);
  expect(await status('olga', `CREATE OR REPLACE ${view('SUM(v)')}`)).toBe(200);
  const live = (): boolean => node.engine.catalog.sources.get('PUBLIC_VIEW')?.featureView?.version?.number === 2;
  await expect.poll(live, { timeout: 20_000 }).toBe(true);
  for (const name of ['public_view', 'public_view@v1', 'public_view@v2']) {
    expect(await query('ann', `SELECT * FROM ${name} WHERE k = 'a';`), name).toBe(200);
    expect(await query('otto', `SELECT * FROM ${name} WHERE k = 'a';`), name).toBe(403);
  }
  expect(await query('ann', "SELECT * FROM secret_view@v1 WHERE k = 'a';")).toBe(403);
  expect(await status('ann', 'DROP FEATURE VIEW public_view VERSION 1;')).toBe(403);
  expect(await status('otto', 'DROP FEATURE VIEW public_view VERSION 1;')).toBe(200);
});
