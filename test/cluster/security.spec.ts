import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import kafkajs, {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
  type AclEntry,
} from 'kafkajs';
import { spawn, spawnSync } from 'node:child_process';
import type { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startMillrace, type MillraceProcess } from './support.ts';

// A broker of its own, with SASL, TLS and ACLs: test/cluster/broker/secure.properties.
const root = join(import.meta.dirname, '../..');
const script = join(root, 'test/cluster/broker/broker.sh');
const folder = mkdtempSync(join(tmpdir(), 'millrace-secure-'));
const [privateKey, jwks] = await newKeys();
const patience = { timeout: 90_000, interval: 100 };
let ports: readonly number[];
const at = (listener: 'sasl' | 'saslTls' | 'tls' | 'mutual'): string =>
  ({
    sasl: `127.0.0.1:${ports[1]}`,
    saslTls: `localhost:${ports[2]}`,
    tls: `localhost:${ports[3]}`,
    mutual: `localhost:${ports[4]}`,
  })[listener];
const ca = join(folder, 'ca.crt');

async function newKeys(): Promise<readonly [webcrypto.CryptoKey, object]> {
  const keys = await generateKeyPair('RS256', { extractable: true });
  return [keys.privateKey, { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] }];
}
const tokenFor = (user: string): Promise<string> =>
  new SignJWT({ scope: 'kafka' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setSubject(user)
    .setIssuer('https://issuer.test')
    .setAudience('kafka')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);

/** Ports that are free now: a broker cannot take 0 for those that it tells its clients. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createSocketServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const found = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return found;
}

const kafka = (username: string, password: string): kafkajs.Kafka =>
  new kafkajs.Kafka({
    brokers: [at('sasl')],
    sasl: { mechanism: 'plain', username, password },
    logLevel: 0,
    retry: { retries: 20, initialRetryTime: 50 },
  });
async function asAdmin<T>(action: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = kafka('admin', 'admin-secret').admin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

const { ALLOW, DENY } = AclPermissionTypes;
type Grant = readonly [
  keyof typeof AclResourceTypes,
  string,
  readonly (keyof typeof AclOperationTypes)[],
  'PREFIXED' | 'LITERAL',
];
const entries = (user: string, grants: readonly Grant[], permissionType = ALLOW): AclEntry[] =>
  grants.flatMap(([resource, resourceName, operations, pattern]) =>
    operations.map((operation) => ({
      principal: `User:${user}`,
      host: '*',
      operation: AclOperationTypes[operation],
      permissionType,
      resourceType: AclResourceTypes[resource],
      resourceName,
      resourcePatternType: ResourcePatternTypes[pattern],
    })),
  );
/** Everything to everybody whose way in is what the test is about. */
const all: readonly Grant[] = [
  ['TOPIC', '*', ['ALL'], 'LITERAL'],
  ['GROUP', '*', ['ALL'], 'LITERAL'],
  ['TRANSACTIONAL_ID', '*', ['ALL'], 'LITERAL'],
];

/** The ACLs of docs/security.md for a node, read from its table, so that what it says is what is shown to be enough. */
function documented(service: string, source: string, sink: string): Grant[] {
  const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const section = page.slice(page.indexOf('### ACLs'));
  const rows = [
    ...section
      .slice(0, section.indexOf('\n## '))
      .matchAll(/^\| (Topic|Group|Transactional id) \| `([^`]+)`.* \| ([A-Z_, ]+) \|/gm),
  ];
  expect(rows.length).toBeGreaterThan(4);
  return rows.map(([, resource, name, operations]) => {
    const named = name!.replace('<service id>', service).replace('<source>', source).replace('<sink>', sink);
    return [
      resource!.toUpperCase().replace(' ', '_') as Grant[0],
      named.replace(/\*$/, ''),
      operations!.split(', ') as Grant[2],
      named.endsWith('*') ? 'PREFIXED' : 'LITERAL',
    ];
  });
}

beforeAll(async () => {
  ports = await freePorts(5);
  const keys = join(folder, 'jwks.json');
  writeFileSync(keys, JSON.stringify(jwks));
  const args = [script, 'secure', folder, `file://${keys}`, ...ports.map(String)];
  const started = spawnSync('bash', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  expect(started.status).toBe(0);
  await asAdmin((admin) =>
    admin.createAcls({
      acl: ['plain', 'scram256', 'scram512', 'oauth', 'CN=mutual', 'ANONYMOUS'].flatMap((user) => entries(user, all)),
    }),
  );
}, 300_000);
afterAll(() => {
  spawnSync('bash', [script, 'stop', folder]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

/** A node's start that must fail, and what it says. */
async function failedStart(servers: string, settings: Record<string, string>): Promise<string> {
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const state = mkdtempSync(join(tmpdir(), 'millrace-secure-node-'));
  const fixed = ['--state-dir', state, '--listeners', 'http://127.0.0.1:0', '--bootstrap-servers', servers];
  const child = spawn(process.execPath, [join(root, 'bin/millrace.mjs'), 'server', ...fixed, ...pairs], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  rmSync(state, { recursive: true, force: true });
  expect(code, said).toBe(1);
  return said.replaceAll(servers, 'BROKERS');
}

/** Sends statements again that a node refused because the broker did not answer it for two seconds, as on a loaded machine. */
async function patiently(node: MillraceProcess, sql: string): Promise<Record<string, unknown>[]> {
  for (;;) {
    try {
      return await node.sql(sql);
    } catch (error) {
      if (!(error as Error).message.includes('BROKER_UNAVAILABLE')) throw error;
    }
  }
}
let services = 0;
/** A node that reaches the broker so, with a query that counts. */
async function counting(
  servers: string,
  settings: Record<string, string>,
  service = `secure${services++}`,
): Promise<MillraceProcess> {
  const node = await startMillrace(service, {
    'bootstrap.servers': servers,
    'processing.guarantee': 'exactly_once_v2',
    ...settings,
  });
  await patiently(
    node,
    `CREATE STREAM IF NOT EXISTS s (k STRING KEY, v INT) WITH (kafka_topic='${service}-in', partitions=2, value_format='JSON');
    CREATE TABLE IF NOT EXISTS t WITH (kafka_topic='${service}-out') AS SELECT v, COUNT(*) AS n FROM s GROUP BY v;`,
  );
  return node;
}
async function count(node: MillraceProcess, v: number): Promise<number> {
  const body = JSON.stringify({ sql: `SELECT n FROM t WHERE v = ${v};` });
  const answer = await (await fetch(`${node.url}/query-stream`, { method: 'POST', body })).text();
  const row = answer.trim().split('\n').slice(1).join('');
  return row === '' ? 0 : (JSON.parse(row) as number[])[0]!;
}
async function countsRows(node: MillraceProcess): Promise<void> {
  for (const k of ['a', 'b', 'c']) await patiently(node, `INSERT INTO s (k, v) VALUES ('${k}', 7);`);
  await vi.waitFor(async () => expect(await count(node, 7)).toBeGreaterThanOrEqual(3), patience);
}

const password = (user: string): Record<string, string> => ({
  'sasl.username': user,
  'sasl.password': `${user}-secret`,
});
const scram = (digits: '256' | '512'): Record<string, string> => ({
  'sasl.mechanism': `SCRAM-SHA-${digits}`,
  ...password(`scram${digits}`),
});
const overTls = { 'ssl.ca.location': ca };
const certificate = {
  'ssl.certificate.location': join(folder, 'client.crt'),
  'ssl.key.location': join(folder, 'client.key'),
};

test.each([
  ['SASL PLAIN', 'sasl', { 'security.protocol': 'SASL_PLAINTEXT', ...password('plain') }],
  ['SCRAM-SHA-256', 'sasl', { 'security.protocol': 'SASL_PLAINTEXT', ...scram('256') }],
  ['SCRAM-SHA-512 over TLS', 'saslTls', { 'security.protocol': 'SASL_SSL', ...overTls, ...scram('512') }],
  ['TLS', 'tls', { 'security.protocol': 'SSL', ...overTls }],
  ['TLS with a client certificate', 'mutual', { 'security.protocol': 'SSL', ...overTls, ...certificate }],
] as const)('a node reads, keeps state and writes over %s', async (_, listener, settings) => {
  const node = await counting(at(listener), settings);
  await countsRows(node);
  await node.kill('SIGTERM');
});

test('a node shows tokens (OAUTHBEARER), and newer ones while it works', async () => {
  let given = 0;
  const asked: string[] = [];
  const endpoint = createServer((request, response) => {
    void (async () => {
      asked.push(`${Buffer.from(request.headers.authorization!.slice(6), 'base64').toString()} ${await text(request)}`);
      given++;
      response.end(JSON.stringify({ access_token: await tokenFor('oauth'), expires_in: 1, token_type: 'bearer' }));
    })();
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const node = await counting(at('saslTls'), {
    'security.protocol': 'SASL_SSL',
    ...overTls,
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`,
    'sasl.oauthbearer.client.id': 'node',
    'sasl.oauthbearer.client.secret': 'of the node',
    'sasl.oauthbearer.scope': 'kafka',
  });
  await countsRows(node);
  // The broker lets a connection live for 20 s unless its client shows a token again.
  const before = given;
  let sent = 0;
  await vi.waitFor(
    async () => {
      await patiently(node, "INSERT INTO s (k, v) VALUES ('a', 8);");
      sent++;
      expect(given).toBeGreaterThan(before + 3);
    },
    { timeout: 120_000, interval: 500 },
  );
  await vi.waitFor(async () => expect(await count(node, 8)).toBeGreaterThanOrEqual(sent), patience);
  expect(new Set(asked)).toEqual(new Set(['node:of%20the%20node grant_type=client_credentials&scope=kafka']));
  await node.kill('SIGTERM');
  endpoint.close();
});

test('a token in a file serves, and one that the broker does not take is told', async () => {
  const file = join(folder, 'token');
  const settings = {
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.token.endpoint.url': `file://${file}`,
  };
  writeFileSync(file, `${await tokenFor('oauth')}\n`);
  const node = await counting(at('sasl'), settings);
  await countsRows(node);
  await node.kill('SIGTERM');
  writeFileSync(file, 'no.token.at-all');
  expect(await failedStart(at('sasl'), settings)).toContain('SASL OAUTHBEARER authentication failed: invalid_token');
});

test.each([
  [
    'a wrong password',
    'sasl',
    { 'security.protocol': 'SASL_PLAINTEXT', ...password('plain'), 'sasl.password': 'wrong' },
    'Invalid username or password',
  ],
  [
    'a wrong SCRAM password',
    'sasl',
    { 'security.protocol': 'SASL_PLAINTEXT', ...scram('512'), 'sasl.password': 'wrong' },
    'invalid credentials with SASL mechanism SCRAM-SHA-512',
  ],
  ["an authority that is not the broker's", 'tls', { 'security.protocol': 'SSL' }, 'certificate'],
  [
    "a name that is not the certificate's",
    'tls',
    { 'security.protocol': 'SSL', ...overTls, by: '127.0.0.1' },
    "IP: 127.0.0.1 is not in the cert's list",
  ],
  [
    'no client certificate',
    'mutual',
    { 'security.protocol': 'SSL', ...overTls },
    "the brokers do not take this node's certificate, or ask for one",
  ],
])('a node with %s ends, and says why', async (_, listener, { by, ...settings }: Record<string, string>, why) => {
  const servers = at(listener as 'sasl');
  const said = await failedStart(by === undefined ? servers : servers.replace('localhost', by), settings);
  expect(said).toContain('the Kafka brokers at BROKERS and this node do not trust each other: ');
  expect(said).toContain(why);
  expect(said).toContain('Check security.protocol');
  expect(said).not.toContain('    at ');
});

test('the ACLs of docs/security.md are enough, and client.id tells the node', async () => {
  const service = 'narrow';
  const grants = documented(service, `${service}-in`, `${service}-out`);
  await asAdmin((admin) => admin.createAcls({ acl: entries('narrow', grants) }));
  const user = { 'security.protocol': 'SASL_PLAINTEXT', ...password('narrow') };
  const node = await counting(at('sasl'), user, service);
  await countsRows(node);
  const { groups } = await asAdmin((admin) => admin.describeGroups([`_millrace-${service}query_CTAS_T_0`]));
  expect(groups[0]!.members.map(({ clientId }) => clientId)).toEqual([
    `millrace-${hostname()}-${node.child.pid}-admin`,
  ]);
  // Other nodes' topics, groups and ids are not this node's.
  await expect(
    patiently(node, "CREATE STREAM other (v INT) WITH (kafka_topic='of_others', partitions=1, value_format='JSON');"),
  ).rejects.toThrow(
    /the ACLs of the Kafka cluster do not give this node CREATE and DESCRIBE on topic \\"of_others\\"|DESCRIBE on topic \\"of_others\\"/,
  );
  await patiently(node, 'DROP TABLE t DELETE TOPIC;');
  await vi.waitFor(async () => {
    const topics = await asAdmin((admin) => admin.listTopics());
    const own = [`${service}-out`, `_millrace-${service}query_CTAS_T_0`];
    expect(topics.filter((topic) => own.some((name) => topic.startsWith(name)))).toEqual([]);
  }, patience);
  await node.kill('SIGTERM');
});

test('a right that is taken away is named where its query is shown, and RESUME goes on when it is back', async () => {
  const service = 'taken';
  const user = 'plain';
  const node = await counting(at('sasl'), { 'security.protocol': 'SASL_PLAINTEXT', ...password(user) }, service);
  await countsRows(node);
  const told = async (): Promise<string> => JSON.stringify(await patiently(node, 'EXPLAIN CTAS_T_0;'));
  const cases: readonly (readonly [Grant, string])[] = [
    [['TOPIC', `${service}-in`, ['READ'], 'LITERAL'], `READ on topic`],
    [['TOPIC', `${service}-out`, ['WRITE'], 'LITERAL'], `WRITE on topic`],
    [['TRANSACTIONAL_ID', `_millrace-${service}`, ['WRITE'], 'PREFIXED'], 'WRITE on transactional id'],
  ];
  let rows = await count(node, 7);
  for (const [grant, right] of cases) {
    const acl = entries(user, [grant], DENY);
    await asAdmin((admin) => admin.createAcls({ acl }));
    const producer = kafka('admin', 'admin-secret').producer();
    await producer.connect();
    await producer.send({ topic: `${service}-in`, messages: [{ key: 'a', value: '{"V":7}' }] });
    await producer.disconnect();
    rows++;
    await vi.waitFor(async () => expect(await told()).toContain(`do not give this node ${right}`), patience);
    await asAdmin((admin) => admin.deleteAcls({ filters: acl }));
    await vi.waitFor(async () => {
      await node.sql('RESUME CTAS_T_0;').catch(() => undefined);
      expect(await count(node, 7)).toBe(rows);
    }, patience);
  }
  const kept = entries(user, [['TOPIC', `${service}-out`, ['DELETE'], 'LITERAL']], DENY);
  await asAdmin((admin) => admin.createAcls({ acl: kept }));
  await vi.waitFor(async () => {
    await expect(node.sql('DROP TABLE t DELETE TOPIC;')).rejects.toThrow(
      `do not give this node DELETE and DESCRIBE on topic \\"${service}-out\\"`,
    );
  }, patience);
  expect(await asAdmin((admin) => admin.listTopics())).toContain(`${service}-out`);
  await node.kill('SIGTERM');
});

test('a node whose user may not make its topics ends, and names the right', async () => {
  const settings = { 'security.protocol': 'SASL_PLAINTEXT', ...password('narrow'), 'ksql.service.id': 'elsewhere' };
  const said = await failedStart(at('sasl'), settings);
  expect(said).toContain('do not give this node CREATE and DESCRIBE on topic "_millrace-elsewhere_command_topic"');
  expect(said).toContain('docs/security.md lists the ACLs');
  expect(said).not.toContain('    at ');
});
