import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { hashForScram } from '../../../src/server/access/passwords.ts';
import { basic, fileOf, ksql, startWith, usersFile } from '../../support/access.ts';
import { Authority } from '../../support/certificates.ts';
import { found, pgClient, psql, rowsOf, type PgClient } from '../../support/postgres.ts';

const authority = new Authority();
const served = authority.issue('server');
const auditLog = fileOf('');
let node: RunningNode;
let guarded: RunningNode;
let ann: PgClient;

const objects = `
  CREATE STREAM clicks (k STRING KEY, v INT, n BIGINT, x DOUBLE, d DECIMAL(6, 2), b BOOLEAN, y BYTES, day DATE, ti TIME, t TIMESTAMP,
    a ARRAY<STRING>, i ARRAY<INT>, s STRUCT<p INT, q STRING>, m MAP<STRING, INT>)
    WITH (kafka_topic='clicks', value_format='JSON', partitions=1);
  CREATE TABLE counts AS SELECT k, COUNT(*) AS n, SUM(d) AS total, LATEST_BY_OFFSET(t) AS t FROM clicks GROUP BY k;
  CREATE TABLE hourly AS SELECT k, COUNT(*) AS n FROM clicks WINDOW TUMBLING (SIZE 1 HOURS) GROUP BY k;
  CREATE STREAM "mixedCase" ("Key" STRING KEY, "aValue" INT) WITH (kafka_topic='mixed', value_format='JSON', partitions=1);
  CREATE STREAM secrets (k STRING KEY, v INT) WITH (kafka_topic='secrets', value_format='JSON', partitions=1);
  INSERT INTO clicks VALUES ('a', 1, 9007199254740993, 1.5, 12.30, true, TO_BYTES('00ff', 'hex'), '2024-02-29', '10:20:30', '2024-01-02T03:04:05.678',
    ARRAY['one', 'two words', 'q"uote', NULL], ARRAY[1, 2], STRUCT(p := 1, q := 'z'), MAP('u' := 1));
  INSERT INTO clicks (k, v, d, t) VALUES ('b', 2, 0.05, '1969-12-31T23:59:59.999');
  INSERT INTO clicks (k, v) VALUES ('it''s', -3);
  INSERT INTO "mixedCase" VALUES ('k', 7);`;

beforeAll(async () => {
  node = await startWith({ 'postgres.listener': '0' });
  const made = await ksql(node, {}, objects);
  expect(made.status, made.text).toBe(200);
  ann = await pgClient(node.postgresPort!);
  while ((await rowsOf(ann, 'SELECT k FROM counts')).length < 3) await new Promise((done) => setTimeout(done, 50));
  guarded = await startWith({
    'postgres.listener': 'postgres://127.0.0.1:0',
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile(
      { olga: ['owner'], nobody: [] },
      `ann: ${await hashForScram('ann-pw')},analyst`,
      `eve: ${await hashForScram('eve-pw')},writer`,
    ),
    'authorization.file': fileOf('owner = all on *\nanalyst = read on COUNTS, CLICKS\nwriter = write on *\n'),
    'ssl.keystore.location': served.cert,
    'ssl.keystore.key.location': served.key,
    'audit.log': auditLog,
    'limits.user.push.queries': '1',
  });
  const others = await ksql(guarded, basic('olga'), objects);
  expect(others.status, others.text).toBe(200);
}, 240_000);
afterAll(async () => {
  await ann.end();
  await node.close();
  await guarded.close();
});

describe('names', () => {
  test.each([
    ['SELECT k FROM counts WHERE k = $1', ['K']],
    ['select K from COUNTS where K = $1', ['K']],
    ['SELECT "K" FROM "COUNTS" WHERE "K" = $1', ['K']],
    ['SELECT "k" FROM "counts" WHERE "k" = $1', ['K']],
    ['SELECT c."k", "c".n AS "total" FROM "counts" AS c WHERE c."K" = $1', ['K', 'total']],
    ['SELECT "public"."counts"."k" FROM "public"."counts" WHERE "public"."counts"."k" = $1', ['K']],
    ['SELECT k FROM public.counts /* public.x $2 */ WHERE k = $1 -- $3', ['K']],
    ['SELECT k FROM PUBLIC . counts WHERE k = $1;', ['K']],
    ['SELECT q.k FROM (SELECT "k" FROM "counts") q WHERE q."k" = $1', ['K']],
  ])('%s', async (text, names) => {
    const result = await ann.query(text, ['a']);
    expect(result.fields.map(({ name }) => name)).toEqual(names);
    expect(result.rows.length).toBe(1);
  });

  test('a quoted name is tried as it is written first', async () => {
    expect(await rowsOf(ann, 'SELECT "Key", "aValue" FROM "mixedCase"')).toEqual([['k', 7]]);
    expect(await rowsOf(ann, 'SELECT "KEY" FROM "MIXEDCASE"')).toEqual([['k']]);
    await expect(rowsOf(ann, 'SELECT aValue FROM "mixedCase"')).rejects.toMatchObject({ code: '42703', position: '8' });
  });
});

test('values come with their types, as text and in binary form', async () => {
  const text = 'SELECT v, n, x, d, b, y, day, ti, t, a, i, s, m FROM clicks WHERE k = $1';
  const expected = [
    [
      1,
      '9007199254740993',
      1.5,
      '12.30',
      true,
      Buffer.from([0, 255]),
      new Date(2024, 1, 29),
      '10:20:30',
      new Date('2024-01-02T03:04:05.678Z'),
      ['one', 'two words', 'q"uote', null],
      [1, 2],
      { P: 1, Q: 'z' },
      { u: 1 },
    ],
  ];
  const { fields } = await ann.query(text, ['a']);
  expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([
    23, 20, 701, 1700, 16, 17, 1082, 1083, 1184, 1009, 1007, 3802, 3802,
  ]);
  expect(await rowsOf(ann, text, ['a'])).toEqual(expected);
});

test.each<[string, unknown[], unknown[]]>([
  ['SELECT k FROM clicks WHERE k = $1', ["it's"], [["it's"]]],
  ['SELECT k FROM clicks WHERE v = $1', [2], [['b']]],
  ['SELECT k FROM clicks WHERE v < $1', [-1], [["it's"]]],
  ['SELECT k FROM clicks WHERE n = $1', ['9007199254740993'], [['a']]],
  ['SELECT k FROM clicks WHERE x > $1 AND b = $2', [1.25, true], [['a']]],
  ['SELECT k FROM clicks WHERE d BETWEEN $1 AND $2', ['12.3', 13], [['a']]],
  ['SELECT k FROM clicks WHERE t = $1', [new Date('2024-01-02T03:04:05.678Z')], [['a']]],
  ['SELECT k FROM clicks WHERE t < $1', ['1970-01-01 00:00:00+00'], [['b']]],
  ['SELECT k FROM clicks WHERE t < $1 AND t IS NOT NULL', ['1970-01-02'], [['b']]],
  ['SELECT k FROM clicks WHERE t > $1 AND t < $2', ['2024-01-02 03:04', '2024-01-02 05:05:00.5+02'], [['a']]],
  ['SELECT k FROM clicks WHERE t > $1 AND t < $2', ['2024-01-02 05:04+02:00', '2024-01-01T22:05-0500'], [['a']]],
  ['SELECT k FROM clicks WHERE day = $1', ['2024-02-29'], [['a']]],
  ['SELECT k FROM clicks WHERE k IN ($1, $2)', ['a', 'b'], [['a'], ['b']]],
  ['SELECT k FROM clicks WHERE k LIKE $1', ['i%'], [["it's"]]],
  ['SELECT k FROM counts ORDER BY k LIMIT $1 OFFSET $2', [1, 1], [['b']]],
  ['SELECT k FROM clicks WHERE k = $1', ["' OR k = 'a"], []],
  ['SELECT k FROM clicks WHERE k = $1', ['`"\\$1'], []],
  ['SELECT relname FROM pg_class WHERE relname = $1', ['COUNTS'], [['COUNTS']]],
  ['SELECT $1::int + 1', ['41'], [[42]]],
])('parameters: %s', async (text, values, rows) => {
  expect(await rowsOf(ann, text, values)).toEqual(rows);
});

test.each<[string, unknown[], string]>([
  ['SELECT k FROM clicks WHERE v = $1', ['x'], '22P02'],
  ['SELECT k FROM clicks WHERE t = $1', ['2024-13-01 00:00:00'], '22P02'],
  ['SELECT k FROM clicks WHERE t = $1', ['2024-01-01 25:00:00'], '22P02'],
  ['SELECT k FROM counts LIMIT $1', ['1; DROP TABLE counts'], '42000'],
  ['SELECT nothing FROM counts', [], '42703'],
  ['SELECT * FROM nothing', [], '42P01'],
  ['SELEC 1', [], '42601'],
  ['SELECT * FROM counts, pg_class', [], '42601'],
  ['SELECT * FROM counts JOIN pg_class ON k = relname', [], '0A000'],
  ['SELECT k FROM counts WHERE k = (SELECT 1', [], '42601'],
  ['CREATE TABLE x (a int)', [], '25006'],
  ["INSERT INTO clicks (k) VALUES ('z')", [], '25006'],
  ['DROP TABLE counts', [], '25006'],
  ['FETCH 1 FROM nothing', [], '34000'],
])('refused: %s', async (text, values, code) => {
  await expect(ann.query(text, values)).rejects.toMatchObject({ code });
  expect(await rowsOf(ann, 'SELECT 1')).toEqual([[1]]);
});

test('the catalogue is PostgreSQL’s, with the names that are stored', async () => {
  const columns = `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
    ORDER BY ordinal_position`;
  expect(await rowsOf(ann, columns, ['COUNTS'])).toEqual([
    ['K', 'text'],
    ['N', 'bigint'],
    ['TOTAL', 'numeric'],
    ['T', 'timestamp with time zone'],
  ]);
  expect((await rowsOf(ann, columns, ['HOURLY'])).map((row) => (row as string[])[0])).toEqual([
    'K',
    'WINDOWSTART',
    'WINDOWEND',
    'N',
  ]);
  const keys = `SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = '"HOURLY"'::regclass AND i.indisprimary ORDER BY a.attnum`;
  expect(await rowsOf(ann, keys)).toEqual([['K'], ['WINDOWSTART'], ['WINDOWEND']]);
  const made = await ksql(node, {}, 'CREATE TABLE later AS SELECT k, COUNT(*) AS c FROM clicks GROUP BY k;');
  expect(made.status).toBe(200);
  expect((await rowsOf(ann, columns, ['LATER'])).length).toBe(2);
  await ksql(node, {}, 'DROP TABLE later;');
  expect(await rowsOf(ann, columns, ['LATER'])).toEqual([]);
});

test('what one client sets or does stays its own, and nothing is written', async () => {
  const other = await pgClient(node.postgresPort!);
  await ann.query("SET application_name = 'of ann'");
  expect(await rowsOf(ann, 'SHOW application_name')).toEqual([['of ann']]);
  expect(await rowsOf(other, 'SHOW application_name')).not.toEqual([['of ann']]);
  for (const text of [
    'CREATE TEMP TABLE x (a int)',
    'UPDATE pg_class SET relname = $$X$$',
    'DELETE FROM pg_class',
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    'DO $$ BEGIN PERFORM 1; END $$',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  ])
    await expect(ann.query(text), text).rejects.toMatchObject({
      code: expect.stringMatching(/^(25006|42501)$/) as string,
    });
  await ann.query('SET ROLE postgres');
  expect(await rowsOf(ann, 'SELECT current_user')).toEqual([['anonymous']]);
  await ann.query('RESET application_name');
  await other.end();
});

test('a catalogue query that gives too much or has no end is stopped', async () => {
  await expect(ann.query("SELECT repeat('x', 1000000) FROM generate_series(1, 1000)")).rejects.toMatchObject({
    code: '54000',
  });
  expect((await ann.query('SELECT 1')).rows.length).toBe(1);
  await expect(ann.query('SELECT count(*) FROM generate_series(1, 1000000000000) a')).rejects.toMatchObject({
    code: expect.stringMatching(/^(57014|53200)$/) as string,
  });
  expect((await ann.query('SELECT 1')).rows.length).toBe(1);
}, 180_000);

test('transactions and cursors', async () => {
  await expect(ann.query('DECLARE c CURSOR FOR SELECT k FROM counts')).rejects.toMatchObject({ code: '25P01' });
  await ann.query('BEGIN');
  await ann.query('DECLARE "a c" NO SCROLL CURSOR FOR SELECT k FROM counts ORDER BY k');
  await ann.query('DECLARE tables CURSOR FOR SELECT relname FROM pg_class WHERE relname = $$COUNTS$$');
  expect((await ann.query('FETCH FORWARD 2 FROM "a c"')).rows).toEqual([{ K: 'a' }, { K: 'b' }]);
  expect((await ann.query('FETCH FROM tables')).rows).toEqual([{ relname: 'COUNTS' }]);
  expect((await ann.query('FETCH ALL IN "a c"')).rows).toEqual([{ K: "it's" }]);
  expect((await ann.query('FETCH "a c"')).rows).toEqual([]);
  await ann.query('COMMIT');
  await expect(ann.query('FETCH 1 FROM "a c"')).rejects.toMatchObject({ code: '34000' });
  await ann.query('BEGIN');
  await expect(ann.query('SELECT nothing FROM counts')).rejects.toMatchObject({ code: '42703' });
  for (const text of ['SELECT k FROM counts', 'SELECT 1'])
    await expect(ann.query(text)).rejects.toMatchObject({ code: '25P02' });
  expect((await ann.query('COMMIT')).command).toBe('ROLLBACK');
  await ann.query('BEGIN; SAVEPOINT a');
  await expect(ann.query('SELECT nothing FROM counts')).rejects.toMatchObject({ code: '42703' });
  await ann.query('ROLLBACK TO a; RELEASE a');
  expect((await ann.query('SELECT k FROM counts LIMIT 1')).rows.length).toBe(1);
  expect((await ann.query('ROLLBACK')).command).toBe('ROLLBACK');
  expect((await ann.query('SELECT 1')).rows.length).toBe(1);
});

test('a push query is read by a cursor, and ends with it or with the connection', async () => {
  const other = await pgClient(node.postgresPort!);
  await other.query("SET 'auto.offset.reset' = 'earliest'");
  await other.query('BEGIN; DECLARE c CURSOR FOR SELECT k, v FROM clicks EMIT CHANGES');
  expect((await other.query('FETCH 2 FROM c')).rows).toEqual([
    { K: 'a', V: 1 },
    { K: 'b', V: 2 },
  ]);
  expect((await other.query('FETCH 1 FROM c')).rows).toEqual([{ K: "it's", V: -3 }]);
  const next = other.query('FETCH 1 FROM c');
  await ksql(node, {}, "INSERT INTO clicks (k, v) VALUES ('late', 4);");
  expect((await next).rows).toEqual([{ K: 'late', V: 4 }]);
  await other.query('CLOSE c');
  expect((await other.query('SELECT k FROM clicks EMIT CHANGES LIMIT 1')).rows).toEqual([{ K: 'a' }]);
  await other.end();
});

test('rights, passwords and names of the node hold at this door', async () => {
  const port = guarded.postgresPort!;
  const ssl = { rejectUnauthorized: false };
  for (const options of [
    { user: 'ann', password: 'wrong' },
    { user: 'stranger', password: 'stranger-pw' },
    { user: 'olga', password: 'wrong', ssl },
    { user: 'olga', password: 'ann-pw' },
  ])
    await expect(pgClient(port, options)).rejects.toMatchObject({ code: '28P01' });
  for (const user of ['eve', 'nobody'])
    await expect(pgClient(port, { user, password: `${user}-pw`, ssl })).rejects.toMatchObject({ code: '42501' });
  const reader = await pgClient(port, { user: 'ann', password: 'ann-pw' });
  const owner = await pgClient(port, { user: 'olga', password: 'olga-pw', ssl });
  const tables =
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
  expect(await rowsOf(reader, tables)).toEqual([['CLICKS'], ['COUNTS']]);
  expect((await rowsOf(owner, tables)).length).toBeGreaterThan(4);
  expect(await rowsOf(reader, 'SELECT current_user')).toEqual([['ann']]);
  await expect(rowsOf(reader, 'SELECT * FROM secrets')).rejects.toMatchObject({ code: '42501' });
  await expect(rowsOf(reader, 'SELECT * FROM "Secrets" EMIT CHANGES')).rejects.toMatchObject({ code: '42501' });
  await expect(reader.query('DECLARE c CURSOR WITH HOLD FOR SELECT * FROM secrets')).rejects.toMatchObject({
    code: '42501',
  });
  await reader.query('BEGIN; DECLARE a CURSOR FOR SELECT * FROM clicks EMIT CHANGES');
  await expect(reader.query('DECLARE b CURSOR FOR SELECT * FROM clicks EMIT CHANGES')).rejects.toMatchObject({
    code: '53400',
  });
  await reader.end();
  await owner.end();
  const events = readFileSync(auditLog, 'utf8');
  expect(events).toMatch(/"request":"postgres".*"result":"unauthenticated"/);
  expect(events).toMatch(/"user":"ann".*"request":"postgres".*"result":"denied".*"statement":"SELECT \* FROM secrets"/);
  expect(events).not.toContain('-pw');
});

/** Sends bytes, and gives what comes back until the connection ends or is silent. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await Promise.race([
    once(socket, 'close'),
    once(socket, 'data').then(() => new Promise((done) => setTimeout(done, 300))),
  ]);
  socket.destroy();
  return Buffer.concat(chunks);
}
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const startup = (parts: Buffer): Buffer => Buffer.concat([int32(parts.length + 4), parts]);

test('bytes that are no protocol end the connection, not the node', async () => {
  const port = node.postgresPort!;
  const user = Buffer.from('user\0ann\0\0');
  const begin = startup(Buffer.concat([int32(196_608), user]));
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    int32(2_000_000_000),
    int32(1),
    startup(int32(131_072)),
    startup(Buffer.concat([int32(196_608), Buffer.from('user')])),
    Buffer.concat([begin, Buffer.from('Q'), int32(-5)]),
    Buffer.concat([begin, Buffer.from('Q'), int32(2_000_000_000)]),
    Buffer.concat([begin, Buffer.from('B'), int32(10), Buffer.alloc(6, 255)]),
    Buffer.concat([begin, Buffer.from('?'), int32(4)]),
  ])
    expect((await exchange(port, bytes)).toString('latin1'), bytes.toString('latin1')).toMatch(/SERROR|SFATAL/);
  expect(await rowsOf(ann, 'SELECT 1')).toEqual([[1]]);
});

test('bytes before TLS are refused', async () => {
  const request = startup(int32(80_877_103));
  const answer = await exchange(guarded.postgresPort!, Buffer.concat([request, startup(int32(196_608))]));
  expect(answer.toString('latin1')).toContain('08P01');
});

test('where REST is served by https a connection in clear text is refused', async () => {
  const secure = await startWith({
    listeners: 'https://127.0.0.1:0',
    'postgres.listener': '0',
    'ssl.keystore.location': served.cert,
    'ssl.keystore.key.location': served.key,
  });
  await expect(pgClient(secure.postgresPort!)).rejects.toMatchObject({ code: '28000' });
  const client = await pgClient(secure.postgresPort!, { ssl: { rejectUnauthorized: false } });
  await client.end();
  await secure.close();
});

test.skipIf(!found('psql'))('psql lists and describes sources, and reads them (needs psql)', async () => {
  expect(await psql(node.postgresPort!, '\\dt')).toMatch(/public \| CLICKS +\| table/);
  const described = await psql(node.postgresPort!, '\\d counts');
  expect(described).toContain('Table "public.COUNTS"');
  expect(described).toMatch(/TOTAL +\| numeric\(6,2\)/);
  expect(described).toContain('"COUNTS_pkey" PRIMARY KEY, btree ("K")');
  expect(await psql(node.postgresPort!, '\\d hour*')).toContain('Table "public.HOURLY"');
  expect(await psql(node.postgresPort!, '\\dt+ counts')).toContain('TABLE');
  expect(await psql(node.postgresPort!, '\\dn', '\\du', '\\df now')).toContain('public');
  expect(await psql(node.postgresPort!, '\\set FETCH_COUNT 1', "SELECT k, n FROM counts WHERE k < 'c'")).toContain(
    'a | 1',
  );
});

const python = process.env['MILLRACE_TEST_PYTHON'];
const hasPsycopg = (): boolean => {
  try {
    execFileSync(python!, ['-c', 'import psycopg, sqlalchemy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const script = join(import.meta.dirname, '../../support/postgres_clients.py');
test.skipIf(python === undefined || !hasPsycopg())(
  'psycopg and SQLAlchemy read, page and reflect (needs MILLRACE_TEST_PYTHON with both)',
  async () => {
    const { stdout } = await promisify(execFile)(python!, [script, String(node.postgresPort)]);
    expect(stdout).toContain('done');
  },
  60_000,
);
