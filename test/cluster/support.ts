import kafkajs from 'kafkajs';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskProducer } from '../../src/adapters/kafka/task-producer.ts';
import { Wire } from '../../src/adapters/kafka/wire.ts';
import { KafkaReader } from '../../src/adapters/kafka/kafka-reader.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';

export const brokers = process.env['MILLRACE_TEST_BROKERS'] ?? '127.0.0.1:19092';
const root = join(import.meta.dirname, '../..');

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
  settings: Record<string, string> = {},
  folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-')),
  crashAt?: string,
): Promise<MillraceProcess> {
  const pairs = Object.entries({ 'ksql.service.id': service, 'auto.offset.reset': 'earliest', ...settings }).flatMap(
    ([name, value]) => ['--set', `${name}=${value}`],
  );
  const child = spawn(
    process.execPath,
    [
      join(root, crashAt === undefined ? 'bin/millrace.mjs' : 'dist/test/cluster/crashing-server.js'),
      'server',
      '--state-dir',
      folder,
      '--listeners',
      'http://127.0.0.1:0',
      '--bootstrap-servers',
      brokers,
      ...pairs,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, CRASH_AT: crashAt } },
  );
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

export async function createTopic(topic: string, partitions: number): Promise<void> {
  const { Kafka } = kafkajs;
  const admin = new Kafka({ brokers: [brokers], logLevel: 0, retry: { retries: 20, initialRetryTime: 20 } }).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: partitions, configEntries: [{ name: 'retention.ms', value: '-1' }] }],
  });
  await admin.disconnect();
}

/** Writes records through the raw producer, a thousand at a time. */
export async function produceAll(
  topic: string,
  records: Iterable<{ partition: number; key: string; value: string; timestamp: number }>,
): Promise<void> {
  const wire = new Wire(settings, 'test-producer');
  await wire.connect();
  await wire.watch([topic]);
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
  const { Kafka } = kafkajs;
  const admin = new Kafka({ brokers: [brokers], logLevel: 0, retry: { retries: 20, initialRetryTime: 20 } }).admin();
  await admin.connect();
  // A broker that was just started may have no coordinator for the group yet: nothing is committed then.
  const offsets = await admin.fetchOffsets({ groupId: group, topics: [topic] }).catch(() => []);
  await admin.disconnect();
  return (offsets[0]?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}
