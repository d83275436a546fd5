import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { benchEvents, shapeOf, type SpreadOptions } from './events.ts';
import { openBenchNode } from './node.ts';
import { workloadSql } from './workloads.ts';

const perProduce = 5000;
/** What is watched: the numbers of the events, which lie about the middle of a minute of stream time. */
const monitor = (metric: string): string => `
CREATE MONITOR watched ON STREAM result WINDOW TUMBLING (SIZE 1 MINUTE) BASELINE PREVIOUS 1 WINDOW
  WITH (MIN_ROWS=1, TICK='1 DAY') (CHECK (${metric}));`;

/**
 * The CPU time of a query alone and with a monitor over its output in the same process, in turns; the ratio is what the monitor adds.
 */
export async function benchMonitor({
  workload,
  events,
  metric,
  rounds,
  ...spread
}: {
  readonly workload: string;
  readonly events: string;
  readonly metric: string;
  readonly rounds: string;
} & SpreadOptions): Promise<void> {
  const count = Number(events);
  const alone: number[] = [];
  const watched: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    alone.push(await run(workload, count, spread, undefined));
    watched.push(await run(workload, count, spread, monitor(metric)));
  }
  const [without, withMonitor] = [Math.min(...alone), Math.min(...watched)];
  console.log(
    JSON.stringify({
      bench: 'monitor',
      workload,
      metric,
      events: count,
      cpu_seconds_alone: Number(without.toFixed(2)),
      cpu_seconds_watched: Number(withMonitor.toFixed(2)),
      added: Number((withMonitor / without - 1).toFixed(3)),
    }),
  );
}

/** CPU seconds from the statements to when every query has read everything. */
async function run(workload: string, count: number, spread: SpreadOptions, also: string | undefined): Promise<number> {
  const running = await openBenchNode();
  const { engine } = running;
  const { node } = engine;
  await node.createTopic('events', { partitions: 1, replicas: 1, config: { 'retention.ms': '-1' } });
  let records: {
    readonly key: string;
    readonly value: string;
    readonly timestamp: number;
    readonly partition: undefined;
  }[] = [];
  for (const record of benchEvents(count, shapeOf(spread))) {
    records.push({ ...record, partition: undefined });
    if (records.length < perProduce) continue;
    await node.produce('events', records);
    records = [];
  }
  await node.produce('events', records);
  const begun = process.cpuUsage();
  const session = new Session(engine.defaults);
  await executeScript({ name: workload, text: workloadSql(workload, 'events', 'out') }, engine, session);
  if (also !== undefined) await executeScript({ name: 'monitor', text: also }, engine, session);
  const done = (): boolean => {
    const [query, watcher] = [...engine.catalog.queries.keys()].map((id) => node.status(id)!);
    return query!.recordsIn >= count && (watcher === undefined || watcher.recordsIn >= query!.recordsOut);
  };
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
  const { user, system } = process.cpuUsage(begun);
  await running.close();
  return (user + system) / 1e6;
}
