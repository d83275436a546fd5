import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { Authority } from '../../support/certificates.ts';
import { basic, fileOf, ksql, send, startWith, usersFile } from '../../support/access.ts';

/** A secret of every kind; each is told from the others, and none may be seen anywhere. */
const canary = (what: string): string => `canary-${what}`;
const authority = new Authority();
const certificate = authority.issue('server');

/** A server that repeats the token it was sent in everything that it says. */
const echoing = http.createServer((request, response) => {
  response.statusCode = request.url!.includes('fails') ? 403 : 500;
  response.end(`{"error":"no right for ${request.headers.authorization}"}`);
});
const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
const audit = fileOf('');
const log: string[] = [];
const answers: string[] = [];
let node: RunningNode;
let models: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => echoing.listen(0, '127.0.0.1', resolve));
  models = `http://127.0.0.1:${(echoing.address() as AddressInfo).port}`;
  process.env['CANARY_TOKEN'] = canary('env');
  node = await startWith(
    {
      'state.dir': folder,
      'sasl.password': canary('sasl'),
      'aws.access.key.id': 'someone',
      'aws.secret.access.key': canary('aws'),
      'ssl.keystore.location': authority.pkcs12(certificate, canary('keystore')),
      'ssl.keystore.password': canary('keystore'),
      'ssl.key.password': canary('key'),
      'ksql.schema.registry.url': `http://user:${canary('registry')}@127.0.0.1:1`,
      'ksql.connect.url': `http://user:${canary('connect')}@127.0.0.1:1`,
      'authentication.method': 'BASIC',
      'authentication.users.file': await usersFile({ ann: [] }),
      'audit.log': audit,
      'millrace.secrets.token': canary('literal'),
      'millrace.secrets.from.file': `file:${fileOf(`${canary('file')}\n`)}`,
      'millrace.secrets.from_env': 'env:CANARY_TOKEN',
    },
    log,
  );
});
afterAll(async () => {
  await node.close();
  echoing.close();
  delete process.env['CANARY_TOKEN'];
});

async function ask(sql: string, path = '/ksql'): Promise<string> {
  const { text } = await ksql(node, basic('ann', 'ann-pw'), sql, path);
  answers.push(text);
  return text;
}
const model = (name: string, more: string): string =>
  `CREATE MODEL ${name} INPUT (a DOUBLE) OUTPUT (y DOUBLE) WITH (PROVIDER='oip-v2', ENDPOINT='${models}', MODEL_NAME='m', ${more});`;

test('a statement names secrets of the settings, and nothing else', async () => {
  for (const [i, name] of ['secret:token', 'token', 'secret:from_file', 'SECRET:From.Env'].entries())
    expect(await ask(model(`m${i}`, `AUTH_TOKEN='${name}', VALIDATE='OFF'`))).toContain('SUCCESS');
  const secretFile = fileOf(canary('free'));
  for (const free of [
    `file:${secretFile}`,
    'env:CANARY_TOKEN',
    canary('typed'),
    'secret:unlisted',
    'secret:',
    '',
    'secret:../token',
    '__proto__',
    'constructor',
  ])
    expect(await ask(model('free', `AUTH_TOKEN='${free}', VALIDATE='OFF'`)), free).toContain('INVALID_PROPERTY_VALUE');
  expect(await ask(model('free', `AUTH_TOKEN='file:${secretFile}'`))).not.toContain(canary('free'));
  expect(await ask(`ALTER MODEL m0 ADD VERSION 2 WITH (AUTH_TOKEN='env:CANARY_TOKEN');`)).toContain(
    'INVALID_PROPERTY_VALUE',
  );
  expect(
    await ask(model('free', `AUTH_TOKEN='token'`).replace('http://', `http://user:${canary('typed')}@`)),
  ).toContain('use AUTH_TOKEN');
});

test('what a server repeats of a token is not told', async () => {
  for (const name of ['token', 'from.file', 'from-env']) {
    const text = await ask(model('echo', `AUTH_TOKEN='secret:${name}'`));
    expect(text).toContain('[hidden]');
    expect(await ask(model('echo', `AUTH_TOKEN='secret:${name}'`).replace("'m'", "'fails'"))).toContain('[hidden]');
  }
});

test('nothing secret is shown, described, explained, logged or stored', async () => {
  await ask(`CREATE STREAM s (k STRING KEY, a DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=1);`);
  await ask('CREATE STREAM scored AS SELECT k, a, p.y AS y FROM s INVOKE MODEL m0 (a) AS p;');
  for (const sql of [
    'SHOW PROPERTIES;',
    'SHOW MODELS;',
    'DESCRIBE MODEL m0;',
    'DESCRIBE MODEL m2;',
    'SHOW CREATE m0;',
    'SHOW CREATE MODEL m2;',
    'SHOW CREATE scored;',
    'DESCRIBE scored EXTENDED;',
    'SHOW QUERIES EXTENDED;',
    'SHOW STREAMS EXTENDED;',
    'EXPLAIN SELECT k, p.y FROM s INVOKE MODEL m0 (a) AS p EMIT CHANGES;',
    'SHOW VARIABLES;',
    'SHOW CONNECTORS;',
    `CREATE SOURCE CONNECTOR c WITH ('connector.class'='x');`,
    `CREATE STREAM a (k STRING KEY) WITH (kafka_topic='a', value_format='AVRO', partitions=1);`,
    `PRINT '_command' LIMIT 1;`,
    'SHOW TOPICS; SHOW ALL TOPICS; SHOW TYPES; SHOW FUNCTIONS;',
  ])
    await ask(sql);
  await ask(`INSERT INTO s VALUES ('a', 1);`);
  await ask('SELECT * FROM scored;', '/query-stream');
  await ask('SELECT * FROM ksql_processing_log;', '/query-stream');
  for (const path of [
    '/info',
    '/healthcheck',
    '/clusterStatus',
    '/status',
    '/metrics',
    '/is_valid_property/sasl.password',
  ])
    answers.push((await send(node, 'GET', path, basic('ann'))).text);
  const wrong = await send(node, 'GET', '/info', basic('ann', canary('wrong')));
  answers.push(wrong.text, JSON.stringify(wrong.headers));
  const shown = { answers: answers.join('\n'), log: log.join('\n'), audit: readFileSync(audit, 'utf8') };
  expect(shown.answers).toContain('sasl.password');
  // The sender's own text is answered with its mistake; every other secret is nowhere.
  for (const [where, text] of Object.entries(shown)) expect(text.match(/canary-(?!typed)\w+/g), where).toBeNull();
  expect(shown.audit).not.toContain('canary-typed');
});

test('nothing secret is in the state folder, where commands are', async () => {
  await node.close();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  const found = files.filter((file) => statSync(file).isFile() && readFileSync(file).includes('canary-'));
  expect(files.length).toBeGreaterThan(2);
  expect(found).toEqual([]);
});

test.each([
  [{ 'ksql.schema.registry.url': 'user:canary-a@b c' }, 'ksql.schema.registry.url'],
  [{ 'sasl.password': 'canary', 'sasl.mechanism': 'canary-less' }, 'sasl.mechanism'],
  [{ listeners: 'ftp://user:canary@127.0.0.1' }, 'listeners'],
])('errors of settings name the setting, not its secret: %j', (settings, name) => {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-settings-')), 'a.properties');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  );
  let message = '';
  try {
    readSettings({}, {}, file);
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toContain(name);
  expect(message).not.toMatch(/canary(?!-less)/);
});
