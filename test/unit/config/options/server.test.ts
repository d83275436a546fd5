import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
import { PartitionLog } from '../../../../src/adapters/embedded/partition-log.ts';
import { clientConfig } from '../../../../src/adapters/kafka/client-config.ts';
import { startNode, type RunningNode } from '../../../../src/cli/start-node.ts';
import { serverOptions } from '../../../../src/config/server-options.ts';
import { readSettings } from '../../../../src/config/settings.ts';
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

/** Settings of Kafka alone: what the node there reads; the tests on a broker show the rest. */
const read = (name: 'ksql.streams.num.stream.threads' | 'ksql.internal.topic.replicas'): Case => ({
  see: (value) => Promise.resolve(serverOptions.read(name, readSettings({ [name]: value }, {}, undefined))),
  gives: [
    ['1', 1],
    ['3', 3],
  ],
});

runCases(serverOptions, {
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
  'ksql.streams.num.stream.threads': read('ksql.streams.num.stream.threads'),
  'ksql.internal.topic.replicas': read('ksql.internal.topic.replicas'),
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
});
