import { fileURLToPath } from 'node:url';
import { TaskProducer } from '../src/adapters/kafka/task-producer.ts';
import { Wire } from '../src/adapters/kafka/wire.ts';
import { randomNumbers } from '../src/cli/payments.ts';
import type { Engine } from '../src/engine/engine.ts';
import { Session } from '../src/engine/session.ts';
import { partitionOf } from '../src/records/murmur2.ts';
import type { TopicReader } from '../src/runtime/ports/node.ts';
import { executeScript } from '../src/statements/index.ts';
import { packageRoot } from '../src/util/package-root.ts';
import { openBenchNode } from './node.ts';
import { workloadSql } from './workloads.ts';

interface Options {
  /** Undefined for the embedded log. */
  readonly brokers?: string;
  readonly guarantee: string;
  /** The queries' commit interval in ms; undefined for the default. */
  readonly interval?: string;
  /** Events a second, separated by commas; one run per rate. */
  readonly rates: string;
  readonly seconds: string;
}

interface Payment {
  readonly user: string;
  readonly value: string;
  readonly timestamp: number;
}
/** Writes payments to the topic. */
interface Source {
  send(payments: readonly Payment[]): Promise<void>;
  close(): Promise<void>;
}

const users = 2000;
const partitions = 4;
const warmUpMs = 3000;
const lastWaitMs = 5000;

/**
 * Milliseconds from sending a payment until its alert is read, through three chained queries: a feature view, a model, a
 * filter. The first seconds, while code is still being compiled, are not counted.
 */
export async function benchChain({ brokers, guarantee, interval, rates, seconds }: Options): Promise<void> {
  const service = `chain_${Date.now()}_`;
  const topic = `${service}payments`;
  const sink = `${service}alerts`;
  const running = await openBenchNode(
    brokers === undefined
      ? {}
      : {
          'bootstrap.servers': brokers,
          'ksql.service.id': service,
          'processing.guarantee': guarantee,
          ...(interval === undefined ? {} : { 'commit.interval.ms': interval }),
        },
  );
  const { engine } = running;
  await engine.node.createTopic(topic, { partitions, replicas: 1, config: {} });
  const model = fileURLToPath(new URL('examples/fraud/fraud.onnx', packageRoot(import.meta.url)));
  const text = workloadSql('chain', topic, sink).replace('${model}', model);
  await executeScript({ name: 'chain', text }, engine, new Session(engine.defaults));
  const source = brokers === undefined ? embeddedSource(engine, topic) : await kafkaSource(brokers, topic);
  const reader = await engine.node.openReader(sink, 'beginning');
  for (const rate of rates.split(',').map(Number)) {
    const latencies = await measureLatency(source, reader, rate, Number(seconds) * 1000);
    const at = (share: number): number =>
      Number((latencies[Math.floor((latencies.length - 1) * share)] ?? NaN).toFixed(1));
    console.log(
      JSON.stringify({
        bench: 'chain',
        log: engine.node.kind,
        ...(brokers === undefined ? {} : { guarantee, interval_ms: interval }),
        rate,
        events: latencies.length,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: at(1),
      }),
    );
  }
  reader.close();
  await source.close();
  await running.close();
}

/** The latencies in ms at one rate, ascending, of rows that hold the time at which they were sent. */
export async function measureLatency(
  source: Source,
  reader: TopicReader,
  rate: number,
  measuredMs: number,
): Promise<number[]> {
  const random = randomNumbers(7);
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + warmUpMs + measuredMs;
  let sent = 0;
  let received = 0;
  const receiving = (async () => {
    while (performance.now() < end || (received < sent && performance.now() < end + lastWaitMs)) {
      for (const { value } of await reader.poll(10_000, 50)) {
        const { SENT } = JSON.parse(value!.toString()) as { readonly SENT: number };
        received++;
        if (SENT > started + warmUpMs) latencies.push(performance.now() - SENT);
      }
    }
  })();
  while (performance.now() < end) {
    const due = Math.floor(((performance.now() - started) * rate) / 1000);
    const payments: Payment[] = [];
    for (; sent < due; sent++) {
      const timestamp = Date.now();
      const amount = Math.floor(random() * 50_000) / 100;
      const value = `{"amount":${amount},"ts":${timestamp},"sent":${performance.now()}}`;
      payments.push({ user: `u${Math.floor(users * random() ** 2)}`, value, timestamp });
    }
    if (payments.length > 0) await source.send(payments);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await receiving;
  if (received !== sent) throw new TypeError(`${received} alerts of ${sent} payments`);
  return latencies.sort((a, b) => a - b);
}

/** Writes payments to a topic of the embedded log. */
export function embeddedSource({ node }: Engine, topic: string): Source {
  return {
    send: (payments) =>
      node.produce(
        topic,
        payments.map(({ user, value, timestamp }) => ({ key: user, value, timestamp, partition: undefined })),
      ),
    close: () => Promise.resolve(),
  };
}

async function kafkaSource(brokers: string, topic: string): Promise<Source> {
  const wire = new Wire({ 'bootstrap.servers': brokers }, 'bench-producer');
  await wire.connect();
  await wire.watch([topic]);
  const producer = new TaskProducer(wire, null);
  await producer.init();
  return {
    send: (payments) => {
      for (const { user, value, timestamp } of payments)
        producer.add(topic, partitionOf(user, partitions), timestamp, user, value);
      return producer.flush();
    },
    close: () => wire.disconnect(),
  };
}
