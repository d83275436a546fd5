import { Worker } from 'node:worker_threads';
import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { openBenchNode } from './node.ts';
import type { PullLoad, PullResult } from './pull-load.ts';

const perProduce = 5000;

/** Latency of pull queries by key over REST, at a fixed rate, on a table of the embedded node. */
export async function benchPull({
  events,
  rate,
  seconds,
}: {
  readonly events: string;
  readonly rate: string;
  readonly seconds: string;
}): Promise<void> {
  const keys = Number(events);
  const running = await openBenchNode();
  const { engine } = running;
  await engine.node.createTopic('payments', { partitions: 4, replicas: 1, config: { 'retention.ms': '-1' } });
  await executeScript(
    {
      name: 'pull',
      text: `CREATE STREAM payments (user_id STRING KEY, amount DOUBLE) WITH (kafka_topic='payments', value_format='JSON');
        CREATE TABLE totals AS SELECT user_id, COUNT(*) AS n, SUM(amount) AS total FROM payments GROUP BY user_id;`,
    },
    engine,
    new Session(engine.defaults),
  );
  const [query] = [...engine.catalog.queries.keys()];
  for (let from = 0; from < keys; from += perProduce) {
    const count = Math.min(perProduce, keys - from);
    await engine.node.produce(
      'payments',
      Array.from({ length: count }, (_, i) => ({
        key: Buffer.from(`user${from + i}`),
        value: Buffer.from(`{"amount":${(from + i) % 1000}.5}`),
        timestamp: from + i,
        partition: undefined,
      })),
    );
  }
  while ((engine.node.status(query!)?.recordsIn ?? 0) < keys) await new Promise((resolve) => setTimeout(resolve, 50));
  const load: PullLoad = { url: running.server.url, keys, rate: Number(rate), seconds: Number(seconds) };
  const result = await new Promise<PullResult>((resolve, reject) => {
    const worker = new Worker(new URL('./pull-load.js', import.meta.url), { workerData: load });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  console.log(JSON.stringify({ bench: 'pull', keys, rate: load.rate, seconds: load.seconds, ...result }));
  await running.close();
}
