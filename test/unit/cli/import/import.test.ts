import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stepsOfServer } from '../../../../src/cli/import/from-server.ts';
import { stepsOfTopic } from '../../../../src/cli/import/from-topic.ts';
import { runImport } from '../../../../src/cli/import/run.ts';
import { startNode, type RunningNode } from '../../../../src/cli/start-node.ts';
import { readSettings } from '../../../../src/config/settings.ts';
import { Client } from '../../../../src/repl/client.ts';
import { newFolder } from '../../../support/files.ts';

/** Answers of a ksqlDB server by statement, in the shapes of its REST. */
const answers = JSON.parse(readFileSync(join(import.meta.dirname, 'ksqldb.json'), 'utf8')) as Record<string, object>;
const asked: string[] = [];
let ksqldb: Server;
let node: RunningNode;
let source: string;

beforeAll(async () => {
  ksqldb = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { ksql } = JSON.parse(body) as { ksql: string };
      asked.push(`${request.headers.authorization} ${ksql}`);
      response.end(JSON.stringify([answers[ksql] ?? {}]));
    });
  }).listen(0, '127.0.0.1');
  await once(ksqldb, 'listening');
  source = `http://bob:secret@127.0.0.1:${(ksqldb.address() as AddressInfo).port}`;
  node = await startNode(
    readSettings({ 'state.dir': join(newFolder(), 'state'), listeners: 'http://127.0.0.1:0' }, {}, undefined),
  );
  for (const topic of ['orders-v1', 'rates', 'LARGE'])
    await node.engine.node.createTopic(topic, { partitions: 1, replicas: undefined, config: {} });
});
afterAll(async () => {
  await node.close();
  ksqldb.close();
});

const millrace = (...args: readonly string[]): Promise<{ readonly status: number; readonly out: string }> =>
  new Promise((resolve) => {
    const bin = join(import.meta.dirname, '../../../../bin/millrace.mjs');
    execFile(process.execPath, [bin, 'import', ...args], (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), out: stdout + stderr });
    });
  });

test('a server: what it has in an order that works, with its topics and properties; what is refused says why', async () => {
  const steps = await stepsOfServer(new Client(source.replace('bob:secret@', '')));
  expect(steps.map(({ text }) => text.replaceAll(/\s+/g, ' '))).toEqual([
    'CREATE TYPE `ADDRESS` AS STRUCT<`CITY` STRING, `TAGS` ARRAY<STRING>, `PAID` MAP<STRING, DECIMAL(9, 2)>>;',
    "CREATE STREAM `LARGE` (`ID` STRING KEY, `AMOUNT` DOUBLE) WITH (KAFKA_TOPIC='LARGE', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');",
    "CREATE STREAM ORDERS (ID STRING KEY, AMOUNT DOUBLE, SHIP ADDRESS) WITH (KAFKA_TOPIC='orders-v1', VALUE_FORMAT='JSON');",
    "CREATE TABLE RATES (CUR STRING PRIMARY KEY, RATE DOUBLE) WITH (KAFKA_TOPIC='rates', VALUE_FORMAT='JSON');",
    "CREATE STREAM BY_CUR WITH (KAFKA_TOPIC='prefix_BY_CUR') AS SELECT * FROM ORDERS EMIT CHANGES;",
    "CREATE TABLE TOTALS WITH (KAFKA_TOPIC='TOTALS') AS SELECT ID, SUM(AMOUNT) AS TOTAL FROM BY_CUR GROUP BY ID EMIT CHANGES;",
    "CREATE STREAM ODD WITH (KAFKA_TOPIC='ODD') AS SELECT ID, MY_UDF(AMOUNT) AS X FROM ORDERS EMIT CHANGES;",
    'INSERT INTO BY_CUR SELECT * FROM ORDERS WHERE AMOUNT > 10 EMIT CHANGES;',
    'PAUSE CTAS_TOTALS_5;',
  ]);
  expect(steps.find(({ name }) => name === 'TOTALS')?.properties).toEqual({ 'auto.offset.reset': 'earliest' });
});

test('the command imports a server once, and finds everything there the next time', async () => {
  const { url } = node.server;
  const first = await millrace(source, url);
  expect(asked.at(-1)).toMatch(/^Basic Ym9iOnNlY3JldA== /);
  expect(first.out).not.toContain('secret');
  expect([first.status, first.out]).toEqual([1, expect.stringContaining('there already: 0, refused: 1')]);
  expect(first.out).toMatch(/refused: CREATE STREAM ODD [^]*\n {4}.*MY_UDF/);
  const client = new Client(url);
  const [described] = await client.execute('DESCRIBE BY_CUR EXTENDED;');
  expect(described).toMatchObject({ sourceDescription: { topic: 'prefix_BY_CUR' } });
  const [queries] = await client.execute('SHOW QUERIES;');
  expect(queries!['queries']).toMatchObject([
    { state: 'RUNNING', sinks: ['BY_CUR'] },
    { state: 'PAUSED', sinks: ['TOTALS'] },
    { state: 'RUNNING', sinks: ['BY_CUR'] },
  ]);
  const again = await millrace(source, url);
  expect(again.out).toContain('imported: 0, there already: 8, refused: 1');
});

const command = (statement: string, more: object = {}): string =>
  JSON.stringify({ statement, streamsProperties: {}, originalProperties: { 'ksql.service.id': 'x_' }, ...more });
const planned = (queryId: string, sourceName: string, schema: string, type = 'createStreamV1'): object => ({
  plan: {
    '@type': 'ksqlPlanV1',
    ddlCommand: {
      '@type': type,
      sourceName,
      schema,
      topicName: `p_${sourceName}`,
      formats: { keyFormat: { format: 'KAFKA' }, valueFormat: { format: 'JSON' } },
      windowInfo: null,
    },
    queryPlan: { sources: ['S'], sink: sourceName, queryId },
  },
});
const s = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";

/** Lines as tools print them: the command alone, behind its key by tab or colon, in kcat's envelope. */
const shapes: readonly (readonly [string, (key: string, value: string) => string])[] = [
  ['the command alone', (_, value) => value],
  ['kafka-console-consumer with keys', (key, value) => `"${key}"\t${value}`],
  ["ksqlDB's backup", (key, value) => `"${key}":${value}`],
  ['kcat -J', (key, value) => JSON.stringify({ topic: 't', offset: 1, key: `"${key}"`, payload: value })],
];

test.each(shapes)('a command topic as %s', (_, line) => {
  const steps = stepsOfTopic(`${line('stream/`S`/create', command(s))}\n`);
  expect(steps).toMatchObject([{ name: 'S', text: s, properties: {} }]);
});

const ended = planned('CSAS_E_1', 'E', '`K` STRING KEY, `V` INTEGER');
test.each([
  ['what was dropped is not made', [command(s), command('DROP STREAM S DELETE TOPIC;')], []],
  ['what was made again is made once', [command(s), command('DROP STREAM S;'), command(s)], [s]],
  [
    'a replacement follows what it replaces',
    [command(s), command(s.replace('CREATE', 'CREATE OR REPLACE'))],
    [s, s.replace('CREATE', 'CREATE OR REPLACE')],
  ],
  [
    'an INSERT that was terminated is not made',
    [
      command(s),
      command('INSERT INTO S SELECT * FROM S;', planned('INSERTQUERY_1', 'S', '')),
      command('TERMINATE INSERTQUERY_1;'),
    ],
    [s],
  ],
  [
    'a source whose query was terminated is declared over its topic',
    [command(s), command('CREATE STREAM E AS SELECT * FROM S;', ended), command('TERMINATE CSAS_E_1;')],
    [
      s,
      "CREATE STREAM `E` (`K` STRING KEY, `V` INTEGER) WITH (KAFKA_TOPIC='p_E', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');",
    ],
  ],
  [
    'TERMINATE ALL ends every query',
    [
      command(
        'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;',
        planned('CTAS_T_2', 'T', '`K` STRING KEY, `N` BIGINT', 'createTableV1'),
      ),
      command('TERMINATE ALL;'),
    ],
    [
      "CREATE TABLE `T` (`K` STRING PRIMARY KEY, `N` BIGINT) WITH (KAFKA_TOPIC='p_T', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');",
    ],
  ],
  [
    'the topic of a plan is kept where the statement names none',
    [command('CREATE STREAM E AS SELECT * FROM S EMIT CHANGES;', ended)],
    ["CREATE STREAM E WITH (KAFKA_TOPIC='p_E') AS SELECT * FROM S EMIT CHANGES;"],
  ],
  [
    'a type is no source',
    [command('CREATE TYPE S AS STRUCT<A INT>;'), command('DROP STREAM S;')],
    ['CREATE TYPE S AS STRUCT<A INT>;'],
  ],
])('%s', (_, lines, left) => {
  expect(stepsOfTopic(lines.join('\n')).map(({ text, refusal }) => refusal ?? text)).toEqual(left);
});

test('a dry run of a file changes nothing, tells what is refused, what needs it, and lines that are no command', async () => {
  const file = join(newFolder(), 'commands');
  writeFileSync(
    file,
    [
      command(s.replace(', PARTITIONS=1', '')),
      command('CREATE STREAM BAD AS SELECT K, NOWHERE(V) AS X FROM S EMIT CHANGES;'),
      command('CREATE STREAM AFTER_BAD AS SELECT * FROM BAD EMIT CHANGES;'),
      command('CREATE STREAM LATE AS SELECT * FROM S EMIT CHANGES;', {
        streamsProperties: { 'auto.offset.reset': 'earliest' },
      }),
      'no command',
    ].join('\n'),
  );
  const { status, out } = await millrace(file, '--dry-run');
  expect(status).toBe(1);
  expect(out).toContain('would be imported: 2, there already: 0, refused: 3');
  expect(out).toContain('it needs BAD, which was refused');
  expect(out).toContain('line 5 is no command');
});

test('properties of a statement hold for it alone, and the place to begin can be said for all', async () => {
  const steps = stepsOfTopic(
    [
      command('CREATE STREAM P1 AS SELECT * FROM ORDERS EMIT CHANGES;', {
        streamsProperties: { 'auto.offset.reset': 'nowhere' },
      }),
      command('CREATE STREAM P2 AS SELECT * FROM ORDERS EMIT CHANGES;'),
    ].join('\n'),
  );
  const target = { client: new Client(node.server.url) };
  expect(await runImport(steps, target, {}, () => undefined)).toEqual({ imported: 1, there: 0, refused: 1 });
  expect(await runImport(steps, target, { 'auto.offset.reset': 'latest' }, () => undefined)).toEqual({
    imported: 1,
    there: 1,
    refused: 0,
  });
});
