import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningNode } from '../../src/cli/start-node.ts';
import { ksql, startWith } from '../support/access.ts';
import { pgClient, rowsOf, type PgClient } from '../support/postgres.ts';

/**
 * What Grafana's built-in PostgreSQL data source sends, as its documentation and its users' dashboards tell (its source is under
 * another licence and was not read), and what is answered: over the simple protocol, as Grafana sends it, and the extended one.
 */
const file = new URL('./grafana/answers.txt', import.meta.url);
const isUpdate = process.env['GOLDEN_UPDATE'] === '1';

const objects = `
  CREATE STREAM metrics (host STRING KEY, ts TIMESTAMP, epoch BIGINT, cpu DOUBLE, n BIGINT, price DECIMAL(6, 2))
    WITH (kafka_topic='metrics', value_format='JSON', partitions=1, timestamp='ts');
  CREATE TABLE hosts AS SELECT host, COUNT(*) AS n, MAX(cpu) AS cpu, LATEST_BY_OFFSET(ts) AS ts FROM metrics GROUP BY host;
  CREATE TABLE per_minute AS SELECT host, COUNT(*) AS n, MAX(cpu) AS cpu FROM metrics WINDOW TUMBLING (SIZE 1 MINUTES) GROUP BY host;
  INSERT INTO metrics VALUES ('a', '2024-01-01T00:00:10', 1704067210, 0.5, 1, 1.50);
  INSERT INTO metrics VALUES ('a', '2024-01-01T00:01:10', 1704067270, 0.75, 2, 2.50);
  INSERT INTO metrics VALUES ('b', '2024-01-01T00:01:20', 1704067280, 0.25, 3, NULL);
  INSERT INTO metrics VALUES ('b', '2024-01-01T00:06:20.500', 1704067580, 1, 4, 4.50);
  INSERT INTO metrics VALUES ('b', '2024-01-01T09:00:00', 1704099600, 2, 5, 5.50);`;

const [from, to] = ['2024-01-01T00:00:00Z', '2024-01-01T01:00:00Z'];
const seconds = (time: string): number => Date.parse(time) / 1000;
const step = (interval: string): number =>
  Number.parseFloat(interval) * { s: 1, m: 60, h: 3600, d: 86_400 }[interval.at(-1) as 's' | 'm' | 'h' | 'd'];
const bucket = (column: string, interval: string): string =>
  `floor(extract(epoch from ${column})/${step(interval)})*${step(interval)}`;
const unixBucket = (column: string, interval: string): string =>
  `floor((${column})/${step(interval)})*${step(interval)}`;

/** What each macro of the data source stands for. */
const macros: Readonly<Record<string, (...args: string[]) => string>> = {
  time: (column) => `${column} AS "time"`,
  timeEpoch: (column) => `extract(epoch from ${column}) as "time"`,
  timeFilter: (column) => `${column} BETWEEN '${from}' AND '${to}'`,
  timeFrom: () => `'${from}'`,
  timeTo: () => `'${to}'`,
  timeGroup: (column, interval) => bucket(column, interval),
  timeGroupAlias: (column, interval) => `${bucket(column, interval)} AS "time"`,
  unixEpochFilter: (column) => `${column} >= ${seconds(from)} AND ${column} <= ${seconds(to)}`,
  unixEpochFrom: () => String(seconds(from)),
  unixEpochTo: () => String(seconds(to)),
  unixEpochNanoFilter: (column) => `${column} >= ${seconds(from)}000000000 AND ${column} <= ${seconds(to)}000000000`,
  unixEpochNanoFrom: () => `${seconds(from)}000000000`,
  unixEpochNanoTo: () => `${seconds(to)}000000000`,
  unixEpochGroup: (column, interval) => unixBucket(column, interval),
  unixEpochGroupAlias: (column, interval) => `${unixBucket(column, interval)} AS "time"`,
};
const expanded = (text: string): string =>
  text.replaceAll(/\$__(\w+)\(([^)]*)\)/g, (_, name: string, args: string) =>
    macros[name]!(...args.split(',').map((arg) => arg.trim().replaceAll("'", ''))),
  );

interface Case {
  readonly title: string;
  readonly query: string;
  readonly answer: string;
}
const cases = readFileSync(file, 'utf8')
  .split(/^# /m)
  .slice(1)
  .map((text): Case => {
    const [, title = '', query = '', answer = ''] = /^(.*)\n([^]*?)\n----\n([^]*)$/.exec(text)!;
    return { title, query, answer: answer.trimEnd() };
  });

const typeNames = new Map([
  [19, 'name'],
  [20, 'bigint'],
  [23, 'integer'],
  [25, 'text'],
  [701, 'double precision'],
  [1043, 'character varying'],
  [1184, 'timestamp with time zone'],
  [1700, 'numeric'],
]);

let node: RunningNode;
let grafana: PgClient;
beforeAll(async () => {
  node = await startWith({ 'postgres.listener': '0' });
  const made = await ksql(node, {}, objects);
  expect(made.status, made.text).toBe(200);
  grafana = await pgClient(node.postgresPort!);
  while ((await rowsOf(grafana, 'SELECT host FROM per_minute')).length < 5)
    await new Promise((done) => setTimeout(done, 50));
}, 240_000);
afterAll(async () => {
  await grafana.end();
  await node.close();
});

async function answerOf(query: string, queryMode: 'simple' | 'extended'): Promise<string> {
  const { fields, rows } = await grafana.query({
    text: expanded(query),
    rowMode: 'array',
    queryMode,
  });
  const cell = (value: unknown): string =>
    value === null ? 'NULL' : value instanceof Date ? value.toISOString() : String(value);
  return [
    fields.map(({ name, dataTypeID }) => `${name} ${typeNames.get(dataTypeID) ?? dataTypeID}`).join(' | '),
    ...(rows as unknown[][]).map((row) => row.map(cell).join(' | ')),
  ].join('\n');
}

describe('what Grafana asks', () => {
  const answers: Case[] = [];
  test.each(cases)('$title', async ({ title, query, answer }) => {
    const actual = await answerOf(query, 'simple');
    expect(await answerOf(query, 'extended')).toBe(actual);
    answers.push({ title, query, answer: actual });
    if (!isUpdate) expect(actual).toBe(answer);
  });
  test('every macro is asked', () => {
    const text = cases.map(({ query }) => query).join('\n');
    expect(Object.keys(macros).filter((name) => !text.includes(`$__${name}(`))).toEqual([]);
    if (isUpdate)
      writeFileSync(file, answers.map((made) => `# ${made.title}\n${made.query}\n----\n${made.answer}\n`).join('\n'));
  });
  test('a text of several statements, and the tests of a connection', async () => {
    const several = (await grafana.query('SELECT 1; SELECT host FROM hosts ORDER BY host LIMIT 1;')) as unknown;
    expect((several as { readonly rows: unknown[] }[]).map(({ rows }) => rows)).toEqual([
      [{ '?column?': 1 }],
      [{ HOST: 'a' }],
    ]);
    for (const text of [';', '-- ping', '']) expect((await grafana.query(text)).rows).toEqual([]);
  });
});
