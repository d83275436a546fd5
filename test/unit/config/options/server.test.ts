import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AuthenticationProviderArgs, Mechanism } from 'kafkajs';
import { vi } from 'vitest';
import { PartitionLog } from '../../../../src/adapters/embedded/partition-log.ts';
import { clientConfig } from '../../../../src/adapters/kafka/client-config.ts';
import { Peers } from '../../../../src/adapters/kafka/peers.ts';
import { startNode, type RunningNode } from '../../../../src/cli/start-node.ts';
import { applyAws } from '../../../../src/config/aws-options.ts';
import { serverOptions } from '../../../../src/config/server-options.ts';
import { readSettings } from '../../../../src/config/settings.ts';
import { awsConfig, setAws, type AwsService } from '../../../../src/util/aws.ts';
import { accessCases } from './access-cases.ts';
import { logCases } from './log-cases.ts';
import { mlflowCases } from './mlflow-cases.ts';
import { pause, runCases, type Case } from './cases.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-option-'));

/** A node on loopback with the setting, and what a client sees of it. */
const served = (
  name: string,
  see: (node: RunningNode, value: string) => Promise<unknown>,
  gives: Case['gives'],
  others: Record<string, string> = {},
): Case => ({
  async see(value) {
    const flags = { 'state.dir': folder(), listeners: 'http://127.0.0.1:0', ...others, [name]: value };
    const node = await startNode(readSettings(flags, {}, undefined));
    try {
      return await see(node, value);
    } finally {
      await node.close();
    }
  },
  gives,
});
const ksql = async ({ server }: RunningNode, sql: string): Promise<Record<string, unknown>> => {
  const body = JSON.stringify({ ksql: sql });
  const answer = await (await fetch(`${server.url}/ksql`, { method: 'POST', body })).json();
  return (Array.isArray(answer) ? answer[0] : answer) as Record<string, unknown>;
};
/** What Kafka's clients are made with. */
const client = (
  name: string,
  see: (config: ReturnType<typeof clientConfig>) => unknown,
  gives: Case['gives'],
): Case => ({
  see(value) {
    const others = { 'bootstrap.servers': 'a:1', 'security.protocol': 'SASL_SSL' };
    return Promise.resolve(see(clientConfig(readSettings({ ...others, [name]: value }, {}, undefined), 'test')));
  },
  gives,
});
/** What a broker gets from a client that shows it a token. */
async function shownToBroker(settings: Record<string, string>): Promise<string> {
  const others = { 'bootstrap.servers': 'a:1', 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'OAUTHBEARER' };
  const { sasl } = clientConfig(readSettings({ ...others, ...settings }, {}, undefined), 'test');
  let sent = '';
  const saslAuthenticate = async ({
    request,
  }: {
    request: { encode: () => Buffer | Promise<Buffer> };
  }): Promise<void> => {
    sent = (await request.encode()).toString('utf8', 4);
  };
  const broker = { host: 'a', port: 1, saslAuthenticate } as unknown as AuthenticationProviderArgs;
  await (sasl as Mechanism).authenticationProvider(broker).authenticate();
  return sent;
}
/** Who asks a token endpoint, and for what. */
const tokenRequest = (name: string, gives: Case['gives']): Case => ({
  async see(value) {
    let asked = '';
    const endpoint = createHttpServer((request, response) => {
      void (async () => {
        const credentials = Buffer.from(request.headers.authorization!.replace('Basic ', ''), 'base64').toString();
        asked = `${credentials} ${await text(request)}`;
        response.end('{"access_token":"t","expires_in":60}');
      })();
    }).listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
    const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`;
    await shownToBroker({ 'sasl.oauthbearer.token.endpoint.url': url, [name]: value });
    endpoint.close();
    return asked;
  },
  gives,
});
const pem = (text: string): string => {
  const path = join(folder(), 'a.pem');
  writeFileSync(path, text);
  return path;
};
const [first, second] = [pem('first'), pem('second')];
const tls =
  (field: 'ca' | 'cert' | 'key'): ((config: ReturnType<typeof clientConfig>) => unknown) =>
  (config) =>
    [(config.ssl as Record<string, unknown>)[field]].flat();
const stream = "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');";

const slow = folder();
writeFileSync(
  join(slow, 'slow.mjs'),
  `export const slow = { kind: 'scalar', name: 'IS_SLOW', doc: 'Takes 100 ms.', overloads: [{ params: 'n INTEGER', returns: 'INTEGER',
    eval: (n) => { const end = Date.now() + 100; while (Date.now() < end); return n; } }] };`,
);

/** The status that a request gets which names the server so. */
function askedAs(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/info', headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    sent.on('error', reject).end();
  });
}

/** Settings of Kafka alone: what the node there reads; the tests on a broker show the rest. */
const read = (
  name:
    | 'ksql.streams.num.stream.threads'
    | 'ksql.streams.num.standby.replicas'
    | 'ksql.query.pull.enable.standby.reads'
    | 'ksql.internal.topic.replicas'
    | 'session.timeout.ms',
  one: number | boolean,
  other: number | boolean,
): Case => ({
  see: (value) => Promise.resolve(serverOptions.read(name, readSettings({ [name]: value }, {}, undefined))),
  gives: [
    [String(one), one],
    [String(other), other],
  ],
});
/** What a node answers that is asked for a command which does not come. */
const tooLate = async ({ server }: RunningNode): Promise<string> => {
  const body = JSON.stringify({ ksql: 'SHOW STREAMS;', commandSequenceNumber: 1000 });
  const answer = await fetch(`${server.url}/ksql`, { method: 'POST', body });
  return ((await answer.json()) as { message: string }).message.replace(/:.*/, '');
};

/** What clients of AWS are made with. */
const aws = (
  name: string,
  field: (config: ReturnType<typeof awsConfig>) => unknown,
  gives: Case['gives'],
  others: Record<string, string> = {},
  service: AwsService = 'dynamodb',
): Case => ({
  see(value) {
    applyAws(readSettings({ ...others, [name]: value }, {}, undefined));
    try {
      return Promise.resolve(field(awsConfig(service, 1)));
    } finally {
      setAws({ endpoints: {} });
    }
  },
  gives,
});

runCases(serverOptions, {
  'aws.region': aws('aws.region', ({ region }) => region, [
    ['', undefined],
    ['eu-central-1', 'eu-central-1'],
  ]),
  'aws.dynamodb.endpoint': aws('aws.dynamodb.endpoint', ({ endpoint, region }) => [endpoint, region], [
    ['', [undefined, undefined]],
    ['http://127.0.0.1:8000', ['http://127.0.0.1:8000', 'us-east-1']],
  ]),
  'aws.s3.endpoint': aws(
    'aws.s3.endpoint',
    ({ endpoint, region }) => [endpoint, region],
    [
      ['', [undefined, undefined]],
      ['http://127.0.0.1:9000', ['http://127.0.0.1:9000', 'us-east-1']],
    ],
    {},
    's3',
  ),
  ...logCases,
  ...mlflowCases,
  'aws.access.key.id': aws(
    'aws.access.key.id',
    ({ credentials }) => credentials?.accessKeyId,
    [
      ['one', 'one'],
      ['other', 'other'],
    ],
    { 'aws.secret.access.key': 'x' },
  ),
  'aws.secret.access.key': aws(
    'aws.secret.access.key',
    ({ credentials }) => credentials?.secretAccessKey,
    [
      ['one', 'one'],
      ['other', 'other'],
    ],
    { 'aws.access.key.id': 'x' },
  ),
  'ksql.streams.num.standby.replicas': read('ksql.streams.num.standby.replicas', 0, 2),
  'ksql.query.pull.enable.standby.reads': read('ksql.query.pull.enable.standby.reads', false, true),
  'session.timeout.ms': read('session.timeout.ms', 1000, 6000),
  'ksql.server.command.response.timeout.ms': served('ksql.server.command.response.timeout.ms', tooLate, [
    ['0', 'this node has not executed command 1000 after 0 ms'],
    ['20', 'this node has not executed command 1000 after 20 ms'],
  ]),
  'bootstrap.servers': client('bootstrap.servers', ({ brokers }) => brokers, [
    ['a:1', ['a:1']],
    ['b:1, c:2', ['b:1', 'c:2']],
  ]),
  'ksql.service.id': served(
    'ksql.service.id',
    async ({ server }) => {
      const info = (await (await fetch(`${server.url}/info`)).json()) as { KsqlServerInfo: { ksqlServiceId: string } };
      return info.KsqlServerInfo.ksqlServiceId;
    },
    [
      ['one_', 'one_'],
      ['two_', 'two_'],
    ],
  ),
  listeners: served('listeners', async ({ server }) => Promise.resolve(new URL(server.url).hostname), [
    ['http://127.0.0.1:0', '127.0.0.1'],
    ['http://localhost:0', 'localhost'],
  ]),
  'postgres.listener': {
    see: (value) =>
      Promise.resolve(
        serverOptions.read('postgres.listener', readSettings({ 'postgres.listener': value }, {}, undefined)),
      ),
    gives: [
      ['5432', { host: '127.0.0.1', port: 5432 }],
      ['postgres://[::1]:5433', { host: '::1', port: 5433 }],
    ],
  },
  'ksql.advertised.listener': served(
    'ksql.advertised.listener',
    async ({ server }) => askedAs('node-1.example.com', server.port),
    [
      ['', 403],
      ['http://node-1.example.com:8088', 200],
    ],
  ),
  'ksql.query.pull.forwarding.timeout.ms': {
    see: async (value) => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const waitMs = serverOptions.read(
        'ksql.query.pull.forwarding.timeout.ms',
        readSettings({ 'ksql.query.pull.forwarding.timeout.ms': value }, {}, undefined),
      );
      const peers = new Peers(waitMs);
      const error = await peers
        .ask(`http://127.0.0.1:${port}`, '', null)
        .next()
        .catch((error: unknown) => (error as Error).message);
      peers.close();
      silent.close();
      return error;
    },
    gives: [
      ['30', 'no answer within 30 ms'],
      ['40', 'no answer within 40 ms'],
    ],
  },
  'state.dir': {
    see: async (value) => {
      const parent = folder();
      const flags = { 'state.dir': join(parent, value), listeners: 'http://127.0.0.1:0' };
      await (await startNode(readSettings(flags, {}, undefined))).close();
      return ['one', 'two'].map((each) => existsSync(join(parent, each)));
    },
    gives: [
      ['one', [true, false]],
      ['two', [false, true]],
    ],
  },
  'state.sync': served(
    'state.sync',
    async (node) => {
      const synced = vi.spyOn(PartitionLog.prototype, 'sync');
      await ksql(node, `${stream} INSERT INTO s (k, v) VALUES ('a', 1);`);
      const count = synced.mock.calls.length;
      synced.mockRestore();
      return count > 0;
    },
    [
      ['false', false],
      ['true', true],
    ],
  ),
  'ksql.schema.registry.url': served(
    'ksql.schema.registry.url',
    async ({ server }) => (await fetch(`${server.url}/subjects`)).status,
    [
      ['', 200],
      ['http://127.0.0.1:1', 404],
    ],
  ),
  'access.control.allow.origin': served(
    'access.control.allow.origin',
    async ({ server }) =>
      (await fetch(`${server.url}/info`, { headers: { origin: 'https://tools.example.com' } })).status,
    [
      ['', 403],
      ['https://other.example.com, https://tools.example.com', 200],
    ],
  ),
  'ksql.connect.url': served('ksql.connect.url', async (node) => (await ksql(node, 'SHOW CONNECTORS;'))['hint'], [
    ['', 'Set ksql.connect.url.'],
    ['http://127.0.0.1:1', 'Check ksql.connect.url.'],
  ]),
  'ksql.queries.file': {
    see: (value) =>
      Promise.resolve(serverOptions.read('ksql.queries.file', value === '' ? {} : { 'ksql.queries.file': value })),
    gives: [
      ['', undefined],
      ['a.sql', 'a.sql'],
    ],
  },
  // Functions stay registered: without them comes first.
  'ksql.extension.dir': served(
    'ksql.extension.dir',
    async (node) => JSON.stringify(await ksql(node, 'SHOW FUNCTIONS;')).includes('CARD_IS_VALID'),
    [
      [folder(), false],
      [resolve('examples/functions/ext'), true],
    ],
  ),
  'ksql.functions.timeout.ms': served(
    'ksql.functions.timeout.ms',
    async (node) => {
      await ksql(node, `SET 'auto.offset.reset'='earliest'; ${stream}`);
      await ksql(node, "INSERT INTO s (k, v) VALUES ('a', 7);");
      await ksql(node, "SET 'auto.offset.reset'='earliest'; CREATE STREAM o AS SELECT k, IS_SLOW(v) AS w FROM s;");
      await pause(600);
      const body = JSON.stringify({ sql: 'SELECT w FROM o;' });
      const answer = await fetch(`${node.server.url}/query-stream`, { method: 'POST', body });
      return (await answer.text()).trim().split('\n').at(-1);
    },
    [
      ['20', '[null]'],
      ['5000', '[7]'],
    ],
    { 'ksql.extension.dir': slow },
  ),
  'ksql.streams.num.stream.threads': read('ksql.streams.num.stream.threads', 1, 3),
  'ksql.internal.topic.replicas': read('ksql.internal.topic.replicas', 1, 3),
  'security.protocol': client('security.protocol', ({ ssl, sasl }) => [ssl !== undefined, sasl !== undefined], [
    ['PLAINTEXT', [false, false]],
    ['SASL_SSL', [true, true]],
  ]),
  'sasl.mechanism': client('sasl.mechanism', ({ sasl }) => (sasl as { mechanism: string }).mechanism, [
    ['PLAIN', 'plain'],
    ['SCRAM-SHA-512', 'scram-sha-512'],
  ]),
  'sasl.username': client('sasl.username', ({ sasl }) => (sasl as { username: string }).username, [
    ['ann', 'ann'],
    ['bob', 'bob'],
  ]),
  'sasl.password': client('sasl.password', ({ sasl }) => (sasl as { password: string }).password, [
    ['one', 'one'],
    ['two', 'two'],
  ]),
  'sasl.oauthbearer.token.endpoint.url': {
    see: (value) => shownToBroker({ 'sasl.oauthbearer.token.endpoint.url': value }),
    gives: [
      [`file://${pem('one')}`, 'n,,\u0001auth=Bearer one\u0001\u0001'],
      [`file://${pem('two')}`, 'n,,\u0001auth=Bearer two\u0001\u0001'],
    ],
  },
  'sasl.oauthbearer.client.id': tokenRequest('sasl.oauthbearer.client.id', [
    ['ann', 'ann: grant_type=client_credentials'],
    ['b:b', 'b%3Ab: grant_type=client_credentials'],
  ]),
  'sasl.oauthbearer.client.secret': tokenRequest('sasl.oauthbearer.client.secret', [
    ['one', ':one grant_type=client_credentials'],
    ['two', ':two grant_type=client_credentials'],
  ]),
  'sasl.oauthbearer.scope': tokenRequest('sasl.oauthbearer.scope', [
    ['', ': grant_type=client_credentials'],
    ['kafka', ': grant_type=client_credentials&scope=kafka'],
  ]),
  'ssl.ca.location': client('ssl.ca.location', tls('ca'), [
    [first, ['first']],
    [second, ['second']],
  ]),
  'ssl.certificate.location': client('ssl.certificate.location', tls('cert'), [
    [first, ['first']],
    [second, ['second']],
  ]),
  'ssl.key.location': client('ssl.key.location', tls('key'), [
    [first, ['first']],
    [second, ['second']],
  ]),
  ...accessCases,
});
