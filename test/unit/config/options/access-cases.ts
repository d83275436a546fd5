import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import { startNode, type RunningNode } from '../../../../src/cli/start-node.ts';
import type { accessOptions } from '../../../../src/config/access-options.ts';
import type { outboundOptions } from '../../../../src/config/outbound-options.ts';
import { readSettings } from '../../../../src/config/settings.ts';
import { SqlError } from '../../../../src/diagnostics/sql-error.ts';
import { basic, fileOf, ksql, send, usersFile } from '../../../support/access.ts';
import { Authority } from '../../../support/certificates.ts';
import { unread } from '../../../support/unread.ts';
import { pause, type Case, type Cases } from './cases.ts';

const authority = new Authority();
const [first, second] = [authority.issue('first'), authority.issue('second')];
const ca = readFileSync(authority.cert);

/** A node that is started with the setting, and what is seen of it; a refusal gives its code. */
const served =
  (name: string, others: Record<string, string>, see: (node: RunningNode) => Promise<unknown>): Case['see'] =>
  async (value) => {
    const flags = { 'state.dir': mkdtempSync(join(tmpdir(), 'millrace-option-')), listeners: 'http://127.0.0.1:0' };
    let node: RunningNode;
    try {
      node = await startNode(readSettings({ ...flags, ...others, [name]: value }, {}, undefined));
    } catch (error) {
      if (error instanceof SqlError) return String(error.code);
      throw error;
    }
    try {
      return await see(node);
    } finally {
      await node.close();
    }
  };

/** The certificate that a server shows to one with this certificate, or why there is no connection. */
const shown =
  (own: { readonly cert?: Buffer; readonly key?: Buffer } = {}) =>
  ({ server }: RunningNode): Promise<unknown> =>
    new Promise((resolve) => {
      const socket = tls.connect(server.port, '127.0.0.1', { ca, ...own }, () => {
        socket.write('GET /info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      });
      socket.on('data', () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve('refused'));
    });
const https = { listeners: 'https://127.0.0.1:0' };
const client = { cert: readFileSync(first.cert), key: readFileSync(first.key) };
const stranger = new Authority('stranger');

const users = await usersFile({ ann: ['admin'], bob: ['guest'] });
const basicUsers = { 'authentication.users.file': users };
const withUsers = { ...basicUsers, 'authentication.method': 'BASIC' };
/** The statuses and error codes of one statement, sent with each of these headers. */
async function seen(node: RunningNode, ...headers: Record<string, string>[]): Promise<string[]> {
  const answers: string[] = [];
  for (const each of headers) {
    const { status, code } = await ksql(node, each, 'SHOW STREAMS;');
    answers.push(`${status} ${String(code)}`);
  }
  return answers;
}

/** The status of a request of these features of these entities. */
async function asked(node: RunningNode, features: readonly string[], k: readonly string[]): Promise<number> {
  await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, n INT, m INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
     CREATE FEATURE VIEW v ENTITY KEY (k) AS SELECT k, n, m FROM s EMIT CHANGES;`,
  );
  const body = JSON.stringify({ features, entities: { k } });
  return (await send(node, 'POST', '/get-online-features', {}, body)).status;
}

const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ownKeys = pathToFileURL(
  fileOf(JSON.stringify({ keys: [{ ...signer.publicKey.export({ format: 'jwk' }), alg: 'ES256' }] })),
).href;
const withKeys = { 'authentication.method': 'BEARER', 'oauthbearer.jwks.endpoint.url': ownKeys };
function bearer(claims: object): Record<string, string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { sub: 'ann', exp: Math.floor(Date.now() / 1000) + 300, ...claims };
  const text = `${encode({ alg: 'ES256' })}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
  return { authorization: `Bearer ${text}.${signature.toString('base64url')}` };
}

/** Two values of each setting about access. */
export const accessCases: Cases<(typeof accessOptions)[number] | (typeof outboundOptions)[number]> = {
  'outbound.hosts': {
    see: served('outbound.hosts', {}, async (node) => {
      const sql = `CREATE MODEL m INPUT (a DOUBLE) OUTPUT (y DOUBLE) WITH (PROVIDER='oip-v2', ENDPOINT='http://models.test:1', MODEL_NAME='m', VALIDATE='OFF');`;
      return (await ksql(node, {}, sql)).status;
    }),
    gives: [
      ['*.test, other', 200],
      ['other', 400],
    ],
  },
  'ssl.keystore.location': {
    see: served('ssl.keystore.location', https, shown()),
    gives: [
      [first.both, 'first'],
      [second.both, 'second'],
    ],
  },
  'ssl.keystore.key.location': {
    see: served('ssl.keystore.key.location', { ...https, 'ssl.keystore.location': first.cert }, shown()),
    gives: [
      [first.key, 'first'],
      [second.key, 'INVALID_SETTING'],
    ],
  },
  'ssl.keystore.password': {
    see: served(
      'ssl.keystore.password',
      { ...https, 'ssl.keystore.location': authority.pkcs12(first, 'one') },
      shown(),
    ),
    gives: [
      ['one', 'first'],
      ['two', 'INVALID_SETTING'],
    ],
  },
  'ssl.key.password': {
    see: served(
      'ssl.key.password',
      {
        ...https,
        'ssl.keystore.location': first.cert,
        'ssl.keystore.key.location': authority.encrypted(first, 'one'),
      },
      shown(),
    ),
    gives: [
      ['one', 'first'],
      ['two', 'INVALID_SETTING'],
    ],
  },
  'ssl.truststore.location': {
    see: served(
      'ssl.truststore.location',
      { ...https, 'ssl.keystore.location': first.both, 'ssl.client.authentication': 'REQUIRED' },
      shown(client),
    ),
    gives: [
      [authority.cert, 'first'],
      [stranger.cert, 'refused'],
    ],
  },
  'ssl.client.authentication': {
    see: served(
      'ssl.client.authentication',
      { ...https, 'ssl.keystore.location': first.both, 'ssl.truststore.location': authority.cert },
      shown(),
    ),
    gives: [
      ['REQUESTED', 'first'],
      ['REQUIRED', 'refused'],
    ],
  },
  'authentication.method': {
    see: served('authentication.method', basicUsers, (node) => seen(node, {}, basic('ann'))),
    gives: [
      ['basic', ['401 40100', '200 undefined']],
      ['NONE', 'INVALID_SETTING'],
    ],
  },
  'authentication.realm': {
    see: served('authentication.realm', withUsers, async (node) =>
      String((await send(node, 'GET', '/info')).headers['www-authenticate']),
    ),
    gives: [
      ['one', 'Basic realm="one", charset="UTF-8"'],
      ['"two"', 'Basic realm="two", charset="UTF-8"'],
    ],
  },
  'authentication.roles': {
    see: served('authentication.roles', withUsers, (node) => seen(node, basic('ann'), basic('bob'))),
    gives: [
      ['*', ['200 undefined', '200 undefined']],
      ['other, admin', ['200 undefined', '403 40300']],
    ],
  },
  'authentication.skip.paths': {
    see: served('authentication.skip.paths', withUsers, async (node) =>
      Promise.all(['/healthcheck', '/chc/live', '/info'].map(async (path) => (await send(node, 'GET', path)).status)),
    ),
    gives: [
      ['/chc/*', [401, 200, 401]],
      ['/info, /healthcheck', [200, 401, 200]],
    ],
  },
  'authentication.users.file': {
    see: served('authentication.users.file', { 'authentication.method': 'BASIC' }, (node) =>
      seen(node, basic('ann'), basic('eve')),
    ),
    gives: [
      [users, ['200 undefined', '401 40100']],
      [await usersFile({ eve: [] }), ['401 40100', '200 undefined']],
    ],
  },
  'authorization.file': {
    see: served('authorization.file', withUsers, (node) => seen(node, basic('ann'), basic('bob'))),
    gives: [
      [fileOf('admin = read on *'), ['200 undefined', '403 40300']],
      [fileOf('guest = all on *'), ['403 40300', '200 undefined']],
    ],
  },
  'oauthbearer.jwks.endpoint.url': {
    see: served('oauthbearer.jwks.endpoint.url', { 'authentication.method': 'BEARER' }, (node) =>
      seen(node, bearer({})),
    ),
    gives: [
      [ownKeys, ['200 undefined']],
      [pathToFileURL(fileOf('{"keys":[]}')).href, ['401 40100']],
    ],
  },
  'oauthbearer.expected.issuer': {
    see: served('oauthbearer.expected.issuer', withKeys, (node) => seen(node, bearer({ iss: 'a' }))),
    gives: [
      ['a', ['200 undefined']],
      ['b', ['401 40100']],
    ],
  },
  'oauthbearer.expected.audience': {
    see: served('oauthbearer.expected.audience', withKeys, (node) => seen(node, bearer({ aud: ['a'] }))),
    gives: [
      ['b, a', ['200 undefined']],
      ['b', ['401 40100']],
    ],
  },
  'oauthbearer.sub.claim.name': {
    see: served('oauthbearer.sub.claim.name', withKeys, (node) => seen(node, bearer({ email: 'a@b' }))),
    gives: [
      ['email', ['200 undefined']],
      ['mail', ['401 40100']],
    ],
  },
  'oauthbearer.groups.claim.name': {
    see: served('oauthbearer.groups.claim.name', { ...withKeys, 'authentication.roles': 'x' }, (node) =>
      seen(node, bearer({ realm: { groups: ['x'] } })),
    ),
    gives: [
      ['realm.groups', ['200 undefined']],
      ['groups', ['403 40300']],
    ],
  },
  'audit.log': {
    async see(value) {
      const path = fileOf('');
      await served('audit.log', {}, (node) => seen(node, {}))(value === 'file' ? path : value);
      return readFileSync(path, 'utf8').split('\n').length;
    },
    gives: [
      ['file', 2],
      ['', 1],
    ],
  },
  'limits.user.request.bytes': {
    see: served('limits.user.request.bytes', {}, (node) => seen(node, {})),
    gives: [
      ['1000', ['200 undefined']],
      ['10', ['400 40000']],
    ],
  },
  'limits.user.rows': {
    see: served('limits.user.rows', {}, async (node) => {
      const sql = `CREATE STREAM s (v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;
      await ksql(node, {}, `${sql} INSERT INTO s VALUES (1); INSERT INTO s VALUES (2);`);
      const body = JSON.stringify({ sql: 'SELECT * FROM s;', properties: { 'auto.offset.reset': 'earliest' } });
      return (await send(node, 'POST', '/query-stream', {}, body)).text.includes('USER_LIMIT');
    }),
    gives: [
      ['1', true],
      ['0', false],
    ],
  },
  'limits.user.statements.per.minute': {
    see: served('limits.user.statements.per.minute', {}, (node) => seen(node, {}, {})),
    gives: [
      ['1', ['200 undefined', '429 42900']],
      ['2', ['200 undefined', '200 undefined']],
    ],
  },
  'limits.user.push.queries': {
    see: served('limits.user.push.queries', {}, async (node) => {
      await ksql(node, {}, `CREATE STREAM s (v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`);
      const body = JSON.stringify({ sql: 'SELECT * FROM s EMIT CHANGES;' });
      const open = async (): Promise<number> =>
        (await fetch(`${node.server.url}/query-stream`, { method: 'POST', body })).status;
      return [await open(), await open()];
    }),
    gives: [
      ['1', [200, 429]],
      ['2', [200, 200]],
    ],
  },
  'limits.client.stalled.ms': {
    see: served('limits.client.stalled.ms', {}, async (node) => {
      await unread.fill(node);
      const client = await unread.open(node, 'HTTP/1.1', 'SELECT * FROM big EMIT CHANGES;');
      const { pushQueries } = node.engine;
      while (pushQueries.size === 0) await pause(10);
      for (let waited = 0; pushQueries.size > 0 && waited < 3000; waited += 50) await pause(50);
      client.close();
      return pushQueries.size;
    }),
    gives: [
      ['100', 0],
      ['600000', 1],
    ],
  },
  'limits.online.entities': {
    see: served('limits.online.entities', {}, (node) => asked(node, ['v:n'], ['a', 'b'])),
    gives: [
      ['2', 200],
      ['1', 400],
    ],
  },
  'limits.online.features': {
    see: served('limits.online.features', {}, (node) => asked(node, ['v:n', 'v:m'], ['a'])),
    gives: [
      ['2', 200],
      ['1', 400],
    ],
  },
};
