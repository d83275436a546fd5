import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import { startNode } from '../src/cli/start-node.ts';
import { Session } from '../src/engine/session.ts';
import { runSettings } from '../src/runtime/run-settings.ts';
import type { StateBackend } from '../src/runtime/ports/state-backend.ts';
import { SchemaCache } from '../src/runtime/schema-cache.ts';
import { Task } from '../src/runtime/task/task.ts';
import { executeScript } from '../src/statements/index.ts';
import { benchEvents, benchProfiles, inBatches } from './events.ts';
import { NullLog } from './null-log.ts';
import { workloadSql } from './workloads.ts';

/** As many as a fetch brings. */
const fetchedBatches = 20;
const commitRecords = 200_000;

/** State below the caches is not measured here: nothing is kept. */
const backend: StateBackend = {
  getMany: (keys) => keys.map(() => undefined),
  range: () => [],
  last: () => undefined,
  batch: () => ({ length: 0, put: () => undefined, delete: () => undefined, write: () => undefined }),
  deleteRange: () => undefined,
  close: () => Promise.resolve(),
};

/** The record path alone, in one thread and without any log: batches of bytes in, batches of bytes out. Says where time goes, not how fast a user's query is. */
export async function benchPath({
  workload,
  events,
}: {
  readonly workload: string;
  readonly events: string;
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const running = await startNode(
    readSettings({ 'state.dir': folder, listeners: 'http://127.0.0.1:0' }, {}, undefined),
  );
  const { engine } = running;
  for (const topic of ['events', 'profiles_events'])
    await engine.node.createTopic(topic, { partitions: 1, replicas: 1, config: {} });
  await executeScript(
    { name: workload, text: workloadSql(workload, 'events', 'out') },
    engine,
    new Session(engine.defaults),
  );
  const [query] = [...engine.catalog.queries.values()];
  const { plan } = query!;
  const log = new NullLog();
  const task = new Task(
    {
      queryId: workload,
      plan,
      part: { index: 0, partition: 0 },
      settings: { ...runSettings({}), earliest: true },
      processingLog: '',
      deadLetters: '',
    },
    {
      log,
      output: log,
      backend,
      statePrefix: Buffer.alloc(0),
      models: undefined,
      schemas: new SchemaCache(() => Promise.resolve(undefined)),
    },
  );
  await task.start();
  const { inputs, counts } = task;
  const batches = [...inBatches(benchEvents(Number(events)))];
  inputs.find(({ topic }) => topic === 'profiles_events')?.add([...inBatches(benchProfiles())]);
  while (await task.step());
  const input = inputs.find(({ topic }) => topic === 'events')!;
  const started = process.cpuUsage();
  const begun = performance.now();
  let since = counts.in;
  for (let at = 0; at < batches.length; at += fetchedBatches) {
    input.add(batches.slice(at, at + fetchedBatches));
    while (await task.step());
    if (counts.in - since < commitRecords) continue;
    since = counts.in;
    await task.commit();
  }
  await task.commit();
  if (task.errors > 0) throw new TypeError(`${task.errors} records failed`);
  const seconds = (performance.now() - begun) / 1000;
  const cpu = process.cpuUsage(started);
  console.log(
    JSON.stringify({
      bench: 'path',
      workload,
      events: Number(events),
      events_per_second: Math.round(Number(events) / seconds),
      cpu_ns_per_event: Math.round(((cpu.user + cpu.system) * 1000) / Number(events)),
      outputs: counts.out,
      output_bytes: log.bytes,
    }),
  );
  await running.close();
  rmSync(folder, { recursive: true, force: true });
}
