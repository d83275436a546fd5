import kafkajs from 'kafkajs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import { startNode } from '../src/cli/start-node.ts';
import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { changelogSizes, difference } from './compare.ts';
import { workloads, workloadSql } from './workloads.ts';

interface Options {
  readonly brokers: string;
  readonly topic: string;
  readonly workload: string;
  readonly threads: string;
  readonly guarantee: string;
  /** Compares the result with the peer's newest run of this workload. */
  readonly compare: boolean;
  /** The peer: Kafka Streams (`streams`), or the loop in Python (`loop`, velocity only). */
  readonly peer: string;
  /** Measures what the query wrote to its changelogs. */
  readonly changelog: boolean;
}

const peerTopics: Readonly<Record<string, (name: string, workload: string) => boolean>> = {
  streams: (name, workload) => name.startsWith(`peer-${workload}-`) && name.endsWith('-out'),
  loop: (name) => name.startsWith('loop-deque-'),
};

/**
 * Runs one workload on Kafka: events a second from the first record processed until the commit that covers the last one, as the
 * peer measures. `cpu_s_per_million` is of the whole process since its start, as `time` measures a peer's.
 */
export async function benchKafka(options: Options): Promise<void> {
  const { brokers, topic, workload, threads, guarantee, compare, changelog } = options;
  const isPeers = peerTopics[options.peer];
  if (isPeers === undefined) throw new TypeError(`peer: ${Object.keys(peerTopics).join(', ')}, not ${options.peer}`);
  if (!workloads.includes(workload)) throw new TypeError(`workload: ${workloads.join(', ')}, not ${workload}`);
  const service = `bench_${workload}_${Date.now()}_`;
  const sink = `${service}out`;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const flags = {
    'bootstrap.servers': brokers,
    'ksql.service.id': service,
    'state.dir': folder,
    listeners: 'http://127.0.0.1:0',
    'processing.guarantee': guarantee,
    'ksql.streams.num.stream.threads': threads,
    'auto.offset.reset': 'earliest',
  };
  const { Kafka } = kafkajs;
  const admin = new Kafka({ brokers: [brokers], logLevel: 0, retry: { initialRetryTime: 10, retries: 20 } }).admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  const events = ends.reduce((sum, { offset }) => sum + Number(offset), 0);
  const running = await startNode(readSettings(flags, {}, undefined), { log: console.error });
  let peak = 0;
  let first = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
  await executeScript(
    { name: workload, text: workloadSql(workload, topic, sink) },
    running.engine,
    new Session(running.engine.defaults),
  );
  const [query] = [...running.engine.catalog.queries.keys()];
  const group = `_millrace-${service}query_${query!}`;
  for (let done = 0; done < events;) {
    const status = running.engine.node.status(query!);
    const read = status?.recordsIn ?? 0;
    if (first === 0 && read > 0) first = performance.now() - 25;
    if (status?.error !== undefined) console.error(status.error);
    // Fetching offsets costs CPU in the measured process, so it begins near the end.
    const offsets =
      read < events * 0.8 ? [] : await admin.fetchOffsets({ groupId: group, topics: [topic] }).catch(() => []);
    done = (offsets[0]?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const seconds = (performance.now() - first) / 1000;
  const { user, system } = process.cpuUsage();
  clearInterval(watch);
  const outputs = (await admin.fetchTopicOffsets(sink)).reduce((sum, { offset }) => sum + Number(offset), 0);
  await running.close();
  const topics = await admin.listTopics();
  const [peer] = topics
    .filter((name) => isPeers(name, workload))
    .sort()
    .reverse();
  await admin.disconnect();
  const differs = !compare
    ? undefined
    : peer === undefined
      ? 'the peer has no output topic'
      : await difference(brokers, workload, sink, peer);
  rmSync(folder, { recursive: true, force: true });
  const changelogs = topics.filter((name) => name.startsWith(group) && name.endsWith('-changelog'));
  console.log(
    JSON.stringify({
      engine: 'millrace',
      workload,
      guarantee,
      threads: Number(threads),
      events,
      seconds: Number(seconds.toFixed(2)),
      events_per_second: Math.round(events / seconds),
      cpu_s_per_million: Number(((user + system) / events).toFixed(2)),
      outputs,
      rss_mb: Math.round(peak / 1048576),
      ...(compare ? { same_as_peer: differs === undefined } : {}),
      ...(changelog ? await changelogSizes(brokers, changelogs, events) : {}),
      sink,
    }),
  );
  if (differs !== undefined) throw new TypeError(`the results differ: ${differs}`);
}
