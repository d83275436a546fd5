import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { RocksBackend } from '../src/adapters/rocksdb/rocks-backend.ts';
import { benchEvents, inBatches, type BenchRecord } from './events.ts';
import { MeasuredState } from './measured-state.ts';
import { NullLog } from './null-log.ts';
import { benchFolder, feed, planOf, startTask } from './path-task.ts';
import { workloadSql } from './workloads.ts';

const perFetch = 20_000;
/** A little less than the longest frame, so that no event leaves it. */
const spanMs = 86_000_000;

/**
 * The state of velocity with a day's events in its longest frame: of one hot user (`--users 1`) or of a million. One thread,
 * state in RocksDB, commits when the task says that one is due. Bytes are those of keys and values, on disk after the run and
 * as written (the changelog gets the same).
 */
export async function benchState(options: {
  readonly users: string;
  readonly events: string;
  readonly late: string;
}): Promise<void> {
  const [users, events] = [Number(options.users), Number(options.events)];
  // As a worker of tasks with state on Kafka has it.
  setFlagsFromString('--heap-growing-percent=100');
  const shape = { users, stepMs: spanMs / events, late: Number(options.late) };
  const plan = await planOf('velocity', workloadSql('velocity', 'events', 'out'));
  const { folder, remove } = benchFolder();
  const log = new NullLog();
  const state = new MeasuredState(await RocksBackend.open(folder));
  const task = await startTask('velocity', plan, log, state);
  let [busyMs, cpuUs, processed, commits] = [0, 0, 0, 0];
  for (const records of chunksOf(benchEvents(events, shape), perFetch)) {
    const batches = [...inBatches(records, processed)];
    processed += records.length;
    const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
    await feed(task, 'events', batches);
    if (task.commitIsDue || processed === events) {
      await task.commit();
      commits++;
    }
    // As a node's thread does between two steps: the binding frees what nobody holds any more in a turn of its own.
    await nextTurn();
    busyMs += performance.now() - startedMs;
    const { user, system } = process.cpuUsage(startedCpu);
    cpuUs += user + system;
  }
  const peak = process.resourceUsage().maxRSS;
  await task.close();
  await state.close();
  const disk = bytesIn(folder);
  const restartMs = await firstAnswer(folder, plan, shape, events);
  remove();
  console.log(
    JSON.stringify({
      bench: 'state',
      workload: 'velocity',
      users,
      events,
      late: shape.late,
      events_per_second: Math.round((events / busyMs) * 1000),
      cpu_ns_per_event: Math.round((cpuUs * 1000) / events),
      commits,
      disk_bytes_per_event: Number((disk / events).toFixed(1)),
      written_bytes_per_event: Number((state.bytes / events).toFixed(1)),
      writes: state.writes,
      largest_entry: state.largest,
      max_rss_mb: Math.round(peak / 1024),
      restart_to_first_answer_ms: restartMs,
    }),
  );
}

function* chunksOf(records: Iterable<BenchRecord>, size: number): Iterable<BenchRecord[]> {
  let chunk: BenchRecord[] = [];
  for (const record of records) {
    chunk.push(record);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Milliseconds from opening the state until the next event of the busiest user has its row. */
async function firstAnswer(
  folder: string,
  plan: Awaited<ReturnType<typeof planOf>>,
  { stepMs }: { readonly stepMs: number },
  events: number,
): Promise<number> {
  const startedMs = performance.now();
  const backend = await RocksBackend.open(folder);
  const task = await startTask('velocity', plan, new NullLog(), backend);
  const timestamp = 1_700_000_000_000 + Math.floor(events * stepMs);
  const record = { key: 'u0', value: `{"user_id":"u0","amount":1.5,"ts":${timestamp}}`, timestamp };
  await feed(task, 'events', [...inBatches([record], events)]);
  const restartMs = performance.now() - startedMs;
  if (task.counts.out !== 1) throw new TypeError(`${task.counts.out} answers`);
  await task.close();
  await backend.close();
  return Math.round(restartMs);
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
