import kafkajs from 'kafkajs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTopic, newAdmin, produceAll, readAll, startMillrace, type MillraceProcess } from './support.ts';

const exactly = { 'processing.guarantee': 'exactly_once_v2', 'commit.interval.ms': '100' };
const fresh = (): string => mkdtempSync(join(tmpdir(), 'millrace-refused-'));

const createWideTopic = (topic: string): Promise<void> => createTopic(topic, 1, { 'max.message.bytes': '8000000' });

interface Shown {
  readonly id: string;
  readonly state: string;
}
async function stateOf(node: MillraceProcess): Promise<readonly [state: string, said: string]> {
  const [answer] = (await node.sql('SHOW QUERIES EXTENDED;')) as [object];
  const text = JSON.stringify(answer);
  const { queries } = answer as { queries?: readonly Shown[] };
  return [queries?.[0]?.state ?? /"state":"(\w+)"/.exec(text)![1]!, text];
}
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new TypeError('it did not come to that');
}
const values = async (topic: string): Promise<string[]> =>
  (await readAll(topic)).map(({ key, value }) => `${key?.toString()}:${value?.toString().slice(0, 20)}`).sort();
const logged = async (service: string): Promise<Record<string, unknown>[]> =>
  (await readAll(`${service}ksql_processing_log`)).map(
    ({ value }) => JSON.parse(value!.toString()) as Record<string, unknown>,
  );

test.each(['at_least_once', 'exactly_once_v2'])(
  'records that a sink or a repartition topic does not take are logged with their key, and the rest goes on: %s',
  async (guarantee) => {
    const name = `large_${guarantee}_${Date.now()}`;
    const service = `${name}_`;
    await createWideTopic(name);
    const node = await startMillrace(service, { ...exactly, 'processing.guarantee': guarantee });
    await node.sql(`
      CREATE STREAM s (k STRING KEY, n INT, v STRING) WITH (kafka_topic='${name}', value_format='JSON');
      CREATE STREAM o WITH (kafka_topic='${name}_o', partitions=1) AS SELECT k, n, RPAD('', n, 'x') AS wide FROM s;
      CREATE TABLE c WITH (kafka_topic='${name}_c', partitions=1) AS SELECT n, COUNT(*) AS c, MAX(LEN(v)) AS l FROM s GROUP BY n;`);
    // Each of 300,000 to 1,000,000 bytes fits alone, not with others in one batch.
    const sizes = [10, 600_000, 900_000, 3_000_000, 900_000, 1_048_576, 20, 1_047_000, 300_000, 5];
    await produceAll(
      name,
      sizes.map((n, i) => ({
        partition: 0,
        key: `k${i}`,
        value: JSON.stringify({ N: n, V: i === 4 ? 'v'.repeat(2_000_000) : 'v' }),
        timestamp: i,
      })),
    );
    await until(async () => (await readAll(`${name}_o`)).some(({ key }) => key?.toString() === 'k9'));
    const keys = (await readAll(`${name}_o`)).map(({ key }) => key!.toString());
    expect(keys).toEqual(['k0', 'k1', 'k2', 'k4', 'k6', 'k7', 'k8', 'k9']);
    const lengths = (await readAll(`${name}_o`)).map(({ value }) => value!.length);
    expect(Math.max(...lengths)).toBeLessThan(1_048_588);
    await until(async () => (await readAll(`${name}_c`)).length >= 8);
    // The log is written beside the rows.
    await until(async () => (await logged(service)).length >= 3);
    const errors = await logged(service);
    const said = (topic: RegExp): unknown[] =>
      errors
        .filter(({ ERROR_MESSAGE }) => topic.test(String(ERROR_MESSAGE)))
        .map(({ TYPE, SOURCE_OFFSET }) => [TYPE, SOURCE_OFFSET]);
    expect(said(new RegExp(`with the key "k[35]" is larger than topic ${name}_o takes`))).toEqual([
      ['PRODUCTION', 3],
      ['PRODUCTION', 5],
    ]);
    expect(said(/is larger than topic \S+-repartition\S* takes|is larger than topic _millrace/)).toEqual([
      ['PRODUCTION', 4],
    ]);
    expect((await stateOf(node))[0]).toBe('RUNNING');
    await node.kill('SIGTERM');
  },
);

test.each(['at_least_once', 'exactly_once_v2'])(
  'rows of a time that a sink or a repartition topic does not take are logged with their key, and the rest goes on: %s',
  async (guarantee) => {
    const name = `times_${guarantee}_${Date.now()}`;
    const service = `${name}_`;
    await createTopic(name, 1);
    // Topics that take no time more than a minute ahead, and none of more than a day ago.
    for (const sink of ['o', 'd'])
      await createTopic(`${name}_${sink}`, 1, {
        'message.timestamp.after.max.ms': '60000',
        'message.timestamp.before.max.ms': sink === 'o' ? '86400000' : '9223372036854775807',
      });
    const node = await startMillrace(service, { ...exactly, 'processing.guarantee': guarantee });
    await node.sql(`
      CREATE STREAM s (k STRING KEY, ts BIGINT) WITH (kafka_topic='${name}', value_format='JSON', timestamp='ts');
      CREATE STREAM o WITH (kafka_topic='${name}_o') AS SELECT k, ts FROM s;
      CREATE TABLE d WITH (kafka_topic='${name}_d') AS SELECT ts, COUNT(*) AS c FROM s GROUP BY ts;`);
    const now = Date.now();
    const times = [now, now + 7_200_000, now - 172_800_000, now - 1000, 8_640_000_000_000_000, now + 1000];
    const records = times.map((ts, i) => ({ partition: 0, key: `k${i}`, value: `{"TS":${ts}}`, timestamp: now }));
    await produceAll(name, records);
    const keys = async (): Promise<string[]> => (await readAll(`${name}_o`)).map(({ key }) => key!.toString());
    await until(async () => (await keys()).includes('k5'));
    expect(await keys()).toEqual(['k0', 'k3', 'k5']);
    await until(async () => (await readAll(`${name}_d`)).length >= 4);
    expect(await readAll(`${name}_d`)).toHaveLength(4);
    await until(async () => (await logged(service)).length >= 5);
    const errors = await logged(service);
    const said = (query: RegExp): unknown[] =>
      errors
        .filter(({ QUERY_ID }) => query.test(String(QUERY_ID)))
        .map(({ TYPE, ERROR_MESSAGE }) => [
          TYPE,
          /key "(k\d)" .* \((\S+) \d+\)$/.exec(String(ERROR_MESSAGE))?.slice(1),
        ]);
    expect(said(/_O_/)).toEqual([
      ['PRODUCTION', ['k1', 'message.timestamp.after.max.ms']],
      ['PRODUCTION', ['k2', 'message.timestamp.before.max.ms']],
      ['PRODUCTION', ['k4', 'message.timestamp.after.max.ms']],
    ]);
    expect(errors).toHaveLength(5);
    expect((await stateOf(node))[0]).toBe('RUNNING');
    await node.kill('SIGTERM');
  },
);

test('a list of one key that is larger than any record is counted on after its node and its state folder are gone', async () => {
  const name = `list_${Date.now()}`;
  await createTopic(name, 1);
  const events = (from: number): { partition: number; key: string; value: string; timestamp: number }[] =>
    Array.from({ length: 10_000 }, (_, i) => ({
      partition: 0,
      key: 'k',
      value: JSON.stringify({ V: `${from + i}`.padStart(200, '.') }),
      timestamp: from + i,
    }));
  const statements = `
    CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='${name}', value_format='JSON');
    CREATE TABLE o WITH (kafka_topic='${name}_o', partitions=1) AS SELECT k, ARRAY_LENGTH(COLLECT_LIST(v)) AS n FROM s GROUP BY k;`;
  const last = async (): Promise<unknown> => {
    const records = await readAll(`${name}_o`);
    const value = records.at(-1)?.value;
    return value == null ? undefined : (JSON.parse(value.toString()) as { N: number }).N;
  };
  const first = await startMillrace(`${name}_`, exactly);
  await first.sql(statements);
  await produceAll(name, events(0));
  await until(async () => (await last()) === 10_000);
  await first.kill('SIGKILL');
  const second = await startMillrace(`${name}_`, exactly, fresh());
  await produceAll(name, events(10_000));
  await until(async () => (await last()) === 20_000);
  expect(await second.metric('millrace_restored_records')).toBeGreaterThan(20);
  expect((await stateOf(second))[0]).toBe('RUNNING');
  await second.kill('SIGTERM');
});

test('a record that cannot be read stops its partition alone, on whatever node has it, until RESUME … SKIP', async () => {
  const name = `stands_${Date.now()}`;
  await createTopic(name, 2);
  const strict = { ...exactly, 'ksql.fail.on.deserialization.error': 'true' };
  const first = await startMillrace(`${name}_`, strict);
  await first.sql(`
    CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='${name}', value_format='JSON');
    CREATE STREAM o WITH (kafka_topic='${name}_o', partitions=2) AS SELECT k, n FROM s;`);
  const record = (partition: number, i: number, value = `{"N":${i}}`) => ({
    partition,
    key: `${partition}-${i}`,
    value,
    timestamp: i,
  });
  const good = (partition: number): ReturnType<typeof record>[] =>
    Array.from({ length: 50 }, (_, i) => record(partition, i));
  await produceAll(name, [...good(0), ...good(1), record(1, 50, 'no JSON'), record(1, 51), record(0, 52)]);
  const stands = /stopped at topic \S+, partition 1, offset 50, after 3 attempts: value of/;
  await until(async () => stands.test((await stateOf(first))[1]));
  const [state, said] = await stateOf(first);
  expect(state).toBe('ERROR');
  // The time at which it stood.
  expect(Math.abs(Date.now() - Number(/"queryErrors":\[\{"timestamp":(\d+)/.exec(said)![1]))).toBeLessThan(120_000);
  await until(async () => (await values(`${name}_o`)).length >= 101);
  const before = await values(`${name}_o`);
  expect(before).toHaveLength(101);
  // Another node that comes in between runs into the same, once; it sends nothing again.
  await first.kill('SIGKILL');
  const second = await startMillrace(`${name}_`, strict);
  await until(async () => stands.test((await stateOf(second))[1]));
  expect(await values(`${name}_o`)).toEqual(before);
  await second.sql('RESUME CSAS_O_0 SKIP 1;');
  await until(async () => (await values(`${name}_o`)).length === 102);
  await produceAll(name, [record(1, 53)]);
  await until(async () => (await values(`${name}_o`)).length === 103);
  expect((await stateOf(second))[0]).toBe('RUNNING');
  await until(async () => (await logged(`${name}_`)).length >= 3);
  const types = (await logged(`${name}_`)).map(({ TYPE, SOURCE_OFFSET }) => [TYPE, SOURCE_OFFSET]);
  expect(types).toEqual([
    ['STOPPED', 50],
    ['STOPPED', 50],
    ['SKIPPED', 50],
  ]);
  await second.kill('SIGTERM');
});

test('a changelog whose topic takes less than before gets smaller pieces; one that takes nothing stops the query, until RESUME', async () => {
  const name = `refused_${Date.now()}`;
  await createWideTopic(name);
  const node = await startMillrace(`${name}_`, exactly);
  await node.sql(`
    CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='${name}', value_format='JSON');
    CREATE TABLE c WITH (kafka_topic='${name}_c', partitions=1) AS SELECT k, COUNT(*) AS c, LATEST_BY_OFFSET(RPAD('', n, 'x')) AS wide FROM s GROUP BY k;`);
  const event = (i: number, n: number) => ({ partition: 0, key: 'k', value: `{"N":${n}}`, timestamp: i });
  const counted = async (): Promise<unknown> => {
    const value = (await readAll(`${name}_c`)).at(-1)?.value;
    return value == null ? undefined : (JSON.parse(value.toString()) as { C: number }).C;
  };
  await produceAll(name, [event(0, 5)]);
  await until(async () => (await counted()) === 1);
  const admin = newAdmin();
  await admin.connect();
  const changelog = (await admin.listTopics()).find((topic) => topic.includes(name) && topic.endsWith('-changelog'))!;
  const limited = (most: number): Promise<unknown> =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: changelog,
          configEntries: [{ name: 'max.message.bytes', value: `${most}` }],
        },
      ],
    });
  // The node has read the topic's limit when it started, so the broker is the one that refuses. The next attempt reads it again and
  // writes an entry of that length in pieces.
  await limited(1000);
  await produceAll(name, [event(1, 20_000)]);
  await until(async () => (await counted()) === 2);
  await until(async () => (await stateOf(node))[0] === 'RUNNING');
  // Where not even the list of the pieces is taken, it stands.
  await limited(100);
  await produceAll(name, [event(2, 30_000)]);
  const stands =
    /after 3 attempts: a record of \d+ bytes .* is larger than topic \S+-changelog takes \(max.message.bytes 100\)/;
  await until(async () => stands.test((await stateOf(node))[1]));
  expect((await stateOf(node))[0]).toBe('ERROR');
  expect(await counted()).toBe(2);
  await limited(1_000_000);
  await node.sql('RESUME CTAS_C_0;');
  await until(async () => (await counted()) === 3);
  await until(async () => (await stateOf(node))[0] === 'RUNNING');
  await admin.disconnect();
  await node.kill('SIGTERM');
});
