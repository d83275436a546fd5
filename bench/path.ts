import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import { startNode } from '../src/cli/start-node.ts';
import { Session } from '../src/engine/session.ts';
import { subTopologies } from '../src/plan/physical/topology.ts';
import { BatchWriter } from '../src/records/batch.ts';
import type { Change } from '../src/runtime/change.ts';
import { runSettings } from '../src/runtime/run-settings.ts';
import { InputPartition, Origins, takeBatch } from '../src/runtime/task/input-merger.ts';
import type { StateBackend } from '../src/runtime/ports/state-backend.ts';
import { Pipeline } from '../src/runtime/pipeline.ts';
import { SinkEncoder, type AddRecord } from '../src/runtime/sink-encoder.ts';
import { SchemaCache } from '../src/runtime/schema-cache.ts';
import { SourceDecoder } from '../src/runtime/source-decoder.ts';
import { executeScript } from '../src/statements/index.ts';
import { benchEvents, benchProfiles, inBatches } from './events.ts';
import { workloadSql } from './workloads.ts';

const sliceRecords = 1000;
const batchRecords = 20_000;
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
  const part = subTopologies(plan)[0]!;
  const cache = runSettings({});
  const position = { sequence: 0 };
  const pipeline = new Pipeline(part, {
    location: (stepId, name) => ({ backend, prefix: Buffer.from(`${stepId}/${name}/`), cacheBytes: cache.cacheBytes }),
    report: (error) => {
      throw error;
    },
    deadLetter: () => undefined,
    onLate: () => undefined,
    position,
    models: undefined,
    conflate: cache.conflate,
    rareCommits: true,
  });
  const encoder = new SinkEncoder({ ...plan.sink!, partitions: 4 }, plan.root.columns);
  const writers = Array.from({ length: 4 }, () => new BatchWriter());
  const inputs = part.inputs.map((step) => {
    if (step.op === 'repartition') throw new TypeError('the workloads have no repartition');
    const decoder = new SourceDecoder(step, new SchemaCache(() => Promise.resolve(undefined)), ({ message }) => {
      throw new TypeError(message);
    });
    return new InputPartition(step.id, step.source.topic, 0, decoder, 0);
  });
  const batches = [...inBatches(benchEvents(Number(events)))];
  const origins = new Origins();
  let outputs = 0;
  let bytes = 0;
  const add: AddRecord = (partition, timestamp, key, write, row, headers) => {
    const writer = writers[partition]!;
    writer.addWritten(timestamp, key, write, row, headers);
    if (writer.size > 1 << 16) bytes += writer.finish().length;
  };
  const emit = (changes: readonly Change[]): void => {
    outputs += changes.length;
    for (const change of changes) encoder.write(change, add);
  };
  const step = (): number => {
    const given = new Map(part.inputs.map(({ id }) => [id, [] as Change[]]));
    const taken = takeBatch(inputs, sliceRecords, false, origins, ({ stepId }, change) =>
      given.get(stepId)!.push(change),
    );
    emit(pipeline.process(given) as readonly Change[]);
    return taken;
  };
  const drain = (): void => {
    for (const piece of pipeline.drain()) emit(piece as readonly Change[]);
    origins.clear();
  };
  const table = inputs.find(({ topic }) => topic === 'profiles_events');
  table?.add([...inBatches(benchProfiles())]);
  while (step() > 0);
  drain();
  const input = inputs.find(({ topic }) => topic === 'events')!;
  const started = process.cpuUsage();
  const begun = performance.now();
  let since = 0;
  for (const batch of batches) {
    input.add([batch]);
    for (let taken = 1; taken > 0; since += taken) {
      taken = step();
      if (origins.count >= batchRecords) drain();
    }
    if (since < commitRecords) continue;
    since = 0;
    drain();
    const state = backend.batch();
    pipeline.flush(state);
    state.write(false);
  }
  drain();
  const seconds = (performance.now() - begun) / 1000;
  const cpu = process.cpuUsage(started);
  console.log(
    JSON.stringify({
      bench: 'path',
      workload,
      events: Number(events),
      events_per_second: Math.round(Number(events) / seconds),
      cpu_ns_per_event: Math.round(((cpu.user + cpu.system) * 1000) / Number(events)),
      outputs,
      output_bytes: bytes,
    }),
  );
  await running.close();
  rmSync(folder, { recursive: true, force: true });
}
