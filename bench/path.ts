import { RocksBackend } from '../src/adapters/rocksdb/rocks-backend.ts';
import type { StateBackend } from '../src/runtime/ports/state-backend.ts';
import { benchEvents, benchProfiles, inBatches, shapeOf, type SpreadOptions } from './events.ts';
import { NullLog } from './null-log.ts';
import { benchFolder, feed, planOf, startTask } from './path-task.ts';
import { workloadSql } from './workloads.ts';

/** About as many as a fetch returns. */
const fetchedBatches = 20;
const commitRecords = 200_000;

/** A backend that stores nothing: state below the caches is not measured here. */
const emptyBackend: StateBackend = {
  getMany: (keys) => keys.map(() => undefined),
  range: () => [],
  last: () => undefined,
  batch: () => ({ length: 0, put: () => undefined, delete: () => undefined, write: () => undefined }),
  deleteRange: () => undefined,
  close: () => Promise.resolve(),
};

/**
 * The record path alone: batches of bytes in, batches of bytes out, one thread, no log. Shows where time goes, not how fast a
 * user's query is.
 */
export async function benchPath({
  workload,
  events,
  ...spread
}: {
  readonly workload: string;
  readonly events: string;
} & SpreadOptions): Promise<void> {
  const plan = await planOf(workload, workloadSql(workload, 'events', 'out'));
  const { folder, remove } = benchFolder();
  // Velocity reads frames back from the state after the cache has evicted them.
  const backend = workload === 'velocity' ? await RocksBackend.open(folder) : emptyBackend;
  const log = new NullLog();
  const task = await startTask(workload, plan, log, backend);
  const { counts } = task;
  const batches = [...inBatches(benchEvents(Number(events), { ...shapeOf(spread), nested: workload === 'nested' }))];
  await feed(task, 'profiles_events', [...inBatches(benchProfiles())]);
  const startedCpu = process.cpuUsage();
  const startedMs = performance.now();
  let committed = counts.in;
  for (let at = 0; at < batches.length; at += fetchedBatches) {
    await feed(task, 'events', batches.slice(at, at + fetchedBatches));
    if (counts.in - committed < commitRecords) continue;
    committed = counts.in;
    await task.commit();
  }
  await task.commit();
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(startedCpu);
  console.log(
    JSON.stringify({
      bench: 'path',
      workload,
      events: Number(events),
      ...spreadOf(spread),
      events_per_second: Math.round(Number(events) / seconds),
      cpu_ns_per_event: Math.round(((cpu.user + cpu.system) * 1000) / Number(events)),
      outputs: counts.out,
      output_bytes: log.bytes,
    }),
  );
  await task.close();
  await backend.close();
  remove();
}

/** The shape's options for the report; `late` only if there are late events. */
function spreadOf(spread: SpreadOptions): Readonly<Record<string, number>> {
  const { users, late } = shapeOf(spread);
  return { users, ...(late > 0 ? { late } : {}) };
}
