import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { benchEvents, benchProfiles, shapeOf, userCount, type BenchRecord, type SpreadOptions } from './events.ts';
import { openBenchNode } from './node.ts';
import { workloadSql } from './workloads.ts';

const perProduce = 5000;
const placed = (record: BenchRecord) => ({ ...record, partition: undefined });

/**
 * Runs one workload on the embedded log, in one thread. The events are those of the peer's generator, written before the clock
 * starts.
 */
export async function benchEmbedded({
  workload,
  events,
  ...spread
}: {
  readonly workload: string;
  readonly events: string;
} & SpreadOptions): Promise<void> {
  const count = Number(events);
  const running = await openBenchNode();
  const { engine } = running;
  const { node } = engine;
  for (const topic of ['events', 'profiles_events'])
    await node.createTopic(topic, { partitions: 4, replicas: 1, config: { 'retention.ms': '-1' } });
  await node.produce('profiles_events', [...benchProfiles()].map(placed));
  let records: ReturnType<typeof placed>[] = [];
  for (const record of benchEvents(count, shapeOf(spread))) {
    records.push(placed(record));
    if (records.length < perProduce) continue;
    await node.produce('events', records);
    records = [];
  }
  await node.produce('events', records);
  const started = performance.now();
  await executeScript(
    { name: workload, text: workloadSql(workload, 'events', 'out') },
    engine,
    new Session(engine.defaults),
  );
  const [query] = [...engine.catalog.queries.keys()];
  const wanted = workload === 'enrich' ? count + userCount : workload === 'stream-stream' ? count * 2 : count;
  while ((node.status(query!)?.recordsIn ?? 0) < wanted) await new Promise((resolve) => setTimeout(resolve, 10));
  const seconds = (performance.now() - started) / 1000;
  console.log(
    JSON.stringify({
      engine: 'millrace embedded',
      workload,
      threads: 1,
      events: count,
      seconds: Number(seconds.toFixed(2)),
      events_per_second: Math.round(count / seconds),
      outputs: node.status(query!)!.recordsOut,
      rss_mb: Math.round(process.memoryUsage.rss() / 1048576),
    }),
  );
  await running.close();
}
