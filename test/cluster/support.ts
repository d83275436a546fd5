import kafkajs, { type Admin } from 'kafkajs';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskProducer } from '../../src/adapters/kafka/task-producer.ts';
import { Wire } from '../../src/adapters/kafka/wire.ts';
import { KafkaReader } from '../../src/adapters/kafka/kafka-reader.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';
import { retry } from '../../src/util/retry.ts';

export const brokers = process.env['MILLRACE_TEST_BROKERS'] ?? '127.0.0.1:19092';
const root = join(import.meta.dirname, '../..');

/** Servers that a failed test left behind do not outlive the tests, nor talk to the next broker at that port. */
const servers = new Set<ChildProcess>();
process.once('exit', () => {
  for (const server of servers) server.kill('SIGKILL');
});

export interface MillraceProcess {
  readonly child: ChildProcess;
  readonly url: string;
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** The sum of a metric over its labels. */
  metric(name: string): Promise<number>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A server in a process of its own, on a port that the system picks. With `crashAt` it dies at a step of a commit. */
export async function startMillrace(
  service: string,
  { 'bootstrap.servers': bootstrap = brokers, ...settings }: Record<string, string> = {},
  folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-')),
  crashAt?: string,
  clock?: string,
): Promise<MillraceProcess> {
  const pairs = Object.entries({ 'ksql.service.id': service, 'auto.offset.reset': 'earliest', ...settings }).flatMap(
    ([name, value]) => ['--set', `${name}=${value}`],
  );
  const child = spawn(
    process.execPath,
    [
      ...(clock === undefined ? [] : ['--import', join(root, 'dist/test/chaos/clock.js')]),
      join(root, crashAt === undefined ? 'bin/millrace.mjs' : 'dist/test/cluster/crashing-server.js'),
      'server',
      '--state-dir',
      folder,
      '--listeners',
      'http://127.0.0.1:0',
      '--bootstrap-servers',
      bootstrap,
      ...pairs,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, CRASH_AT: crashAt, CHAOS_CLOCK: clock } },
  );
  servers.add(child);
  child.once('exit', () => servers.delete(child));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (process.env['MILLRACE_DEBUG'] !== undefined) process.stderr.write(`[${child.pid}] ${chunk.toString()}`);
      const found = /serves (http:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new TypeError(`the server ended with ${code}: ${text}`)));
  });
  return {
    child,
    url,
    sql: async (text) => {
      const response = await fetch(`${url}/ksql`, { method: 'POST', body: JSON.stringify({ ksql: text }) });
      const body = (await response.json()) as Record<string, unknown>[];
      if (!response.ok) throw new TypeError(JSON.stringify(body));
      return body;
    },
    metric: async (name) =>
      (await (await fetch(`${url}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
    kill: (signal) =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill(signal);
      }),
  };
}

const settings = { 'bootstrap.servers': brokers };

/** kafkajs's admin, not connected yet. */
export const newAdmin = (): Admin =>
  new kafkajs.Kafka({ brokers: [brokers], logLevel: 0, retry: { retries: 20, initialRetryTime: 20 } }).admin();
export async function withAdmin<T>(action: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = newAdmin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Makes a topic whose records stay. A busy controller may refuse it for a moment; one that is there already stays as it is. */
export async function createTopic(
  topic: string,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configEntries = Object.entries({ 'retention.ms': '-1', ...settings }).map(([name, value]) => ({ name, value }));
  const topics = [{ topic, numPartitions: partitions, configEntries }];
  await withAdmin((admin) =>
    retry(() => admin.createTopics({ waitForLeaders: true, topics }), { retries: 10, firstMs: 50, longestMs: 500 }),
  );
}

/** Writes records through the raw producer, a thousand at a time. */
export async function produceAll(
  topic: string,
  records: Iterable<{ partition: number; key: string; value: string; timestamp: number }>,
): Promise<void> {
  const wire = new Wire(settings, 'test-producer');
  await wire.connect();
  await wire.watch([topic]);
  await wire.learnLimits([topic]);
  const producer = new TaskProducer(wire, null);
  await producer.init();
  let count = 0;
  for (const { partition, key, value, timestamp } of records) {
    producer.add(topic, partition, timestamp, key, value);
    if (++count % 5000 === 0) await producer.send();
  }
  await producer.flush();
  await wire.disconnect();
}

/** Every committed record of a topic. */
export async function readAll(topic: string): Promise<TopicRecord[]> {
  const reader = await KafkaReader.open(new Wire(settings, 'test-reader'), topic, 'beginning');
  const records: TopicRecord[] = [];
  while (!reader.caughtUp) records.push(...(await reader.poll(50_000, 100)));
  reader.close();
  return records;
}

export async function groupOffset(group: string, topic: string): Promise<number> {
  // A broker that was just started may have no coordinator for the group yet: nothing is committed then.
  const offsets = await withAdmin((admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }).catch(() => []));
  return (offsets[0]?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

/** Waits until a group has read so many records of a topic, two minutes at most. */
export async function untilRead(group: string, topic: string, records: number): Promise<void> {
  const end = Date.now() + 120_000;
  while ((await groupOffset(group, topic)) < records && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Reads until a value is good, or the time is over: the last one, for the test to judge. */
export async function until<T>(read: () => Promise<T>, isGood: (value: T) => boolean, ms = 60_000): Promise<T> {
  for (const end = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const value = await read();
    if (isGood(value) || Date.now() > end) return value;
  }
}
