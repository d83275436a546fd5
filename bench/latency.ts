import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskProducer } from '../src/adapters/kafka/task-producer.ts';
import { Wire } from '../src/adapters/kafka/wire.ts';
import { randomNumbers } from '../src/cli/payments.ts';
import { startNode } from '../src/cli/start-node.ts';
import { readSettings } from '../src/config/settings.ts';
import { Session } from '../src/engine/session.ts';
import { partitionOf } from '../src/records/murmur2.ts';
import { executeScript } from '../src/statements/index.ts';
import { workloadSql } from './workloads.ts';

const users = 20_000;
const partitions = 4;
const tickMs = 5;
const warmUpMs = 3000;

/**
 * Milliseconds from the producer's timestamp until a consumer has the resulting row: `rate` events a second through the enrich
 * workload on Kafka, at least once. The first seconds, while code is still being compiled, are not counted.
 */
export async function benchLatency({
  brokers,
  rate,
  seconds,
}: {
  readonly brokers: string;
  readonly rate: string;
  readonly seconds: string;
}): Promise<void> {
  const service = `latency_${Date.now()}_`;
  const topic = `${service}events`;
  const sink = `${service}out`;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const settings = {
    'bootstrap.servers': brokers,
    'ksql.service.id': service,
    'state.dir': folder,
    listeners: 'http://127.0.0.1:0',
    'auto.offset.reset': 'earliest',
  };
  const running = await startNode(readSettings(settings, {}, undefined), { log: console.error });
  const { engine } = running;
  for (const name of [topic, `profiles_${topic}`])
    await engine.node.createTopic(name, { partitions, replicas: 1, config: { 'retention.ms': '-1' } });
  const wire = new Wire({ 'bootstrap.servers': brokers }, 'bench-producer');
  await wire.connect();
  await wire.watch([topic, `profiles_${topic}`]);
  const producer = new TaskProducer(wire, null);
  await producer.init();
  for (let u = 0; u < users; u++) {
    const key = `u${u}`;
    const value = `{"user_id":"${key}","segment":"s${u % 7}","risk":${(u % 100) / 100}}`;
    producer.add(`profiles_${topic}`, partitionOf(key, partitions), 1_600_000_000_000, key, value);
  }
  await producer.flush();
  await executeScript(
    { name: 'enrich', text: workloadSql('enrich', topic, sink) },
    engine,
    new Session(engine.defaults),
  );
  const [query] = [...engine.catalog.queries.keys()];
  while ((engine.node.status(query!)?.recordsIn ?? 0) < users) await new Promise((resolve) => setTimeout(resolve, 20));

  const latencies: number[] = [];
  const reader = await engine.node.openReader(sink, 'beginning');
  const random = randomNumbers(7);
  const started = Date.now();
  const end = started + warmUpMs + Number(seconds) * 1000;
  let sent = 0;
  let received = 0;
  let peak = 0;
  const consuming = (async () => {
    while (Date.now() < end + 2000 && (received < sent || Date.now() < end)) {
      for (const { timestamp } of await reader.poll(10_000, 50)) {
        received++;
        if (timestamp > started + warmUpMs) latencies.push(Date.now() - timestamp);
      }
    }
  })();
  while (Date.now() < end) {
    const due = Math.floor(((Date.now() - started) * Number(rate)) / 1000);
    const now = Date.now();
    for (; sent < due; sent++) {
      const key = `u${Math.floor(users * random() ** 2)}`;
      const value = `{"user_id":"${key}","event_type":"click","amount":${Math.floor(random() * 50000) / 100},"merchant_id":"m1","ts":${now},"country":"DE","device":"ios"}`;
      producer.add(topic, partitionOf(key, partitions), now, key, value);
    }
    await producer.flush();
    peak = Math.max(peak, process.memoryUsage.rss());
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await consuming;
  reader.close();
  await wire.disconnect();
  await running.close();
  rmSync(folder, { recursive: true, force: true });
  latencies.sort((a, b) => a - b);
  const at = (part: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
  console.log(
    JSON.stringify({
      engine: 'millrace',
      workload: 'latency',
      rate: Number(rate),
      sent,
      received,
      p50_ms: at(0.5),
      p99_ms: at(0.99),
      max_ms: at(1),
      rss_mb: Math.round(peak / 1048576),
    }),
  );
}
