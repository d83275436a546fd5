import { parentPort, workerData } from 'node:worker_threads';
import { serverOptions } from '../../config/server-options.ts';
import { ModelService } from '../models/model-service.ts';
import { RocksBackend } from '../rocksdb/rocks-backend.ts';
import type { ModelObject } from '../../catalog/catalog.ts';
import { readBatchInfo } from '../../records/batch.ts';
import type { Row } from '../../runtime/change.ts';
import { loadFunctions } from '../../functions/user/load.ts';
import { setLimit } from '../../functions/user/watch.ts';
import { SchemaCache, type SchemaText } from '../../runtime/schema-cache.ts';
import type { ClientSettings } from './client-config.ts';
import { KafkaTask, type TaskCommitStep, type TaskSpec } from './task.ts';
import type { FetchWant } from './responses.ts';
import { Wire, WireError, type TopicOffset } from './wire.ts';

export interface WorkerData {
  readonly settings: ClientSettings;
  readonly handle: unknown;
  readonly index: number;
}
export type ToWorker =
  | { readonly kind: 'start'; readonly task: TaskSpec }
  | { readonly kind: 'stop'; readonly id: string; readonly forget: boolean; readonly call: number }
  | { readonly kind: 'offsetsCommitted'; readonly call: number; readonly error: string | undefined }
  | {
      readonly kind: 'schemaFetched';
      readonly call: number;
      readonly schema: SchemaText | undefined;
      readonly error: string | undefined;
    }
  | { readonly kind: 'pull'; readonly queryId: string; readonly key: Row | undefined; readonly call: number }
  | { readonly kind: 'model'; readonly model: ModelObject }
  | { readonly kind: 'close'; readonly call: number };
export interface TaskStatus {
  readonly id: string;
  readonly queryId: string;
  readonly in: number;
  readonly out: number;
  readonly errors: number;
  readonly restored: number;
  readonly commits: number;
  readonly batches: number;
  /** Milliseconds that all batches took together. */
  readonly batchMs: number;
  readonly lag: number;
}
export type FromWorker =
  | {
      readonly kind: 'commitOffsets';
      readonly group: string;
      readonly offsets: readonly { topic: string; partition: number; offset: number }[];
      readonly call: number;
    }
  | { readonly kind: 'schema'; readonly id: number; readonly call: number }
  | { readonly kind: 'done'; readonly call: number; readonly result?: unknown; readonly error?: string }
  /** `broker` says why the last fetch failed, while it does. */
  | { readonly kind: 'status'; readonly tasks: readonly TaskStatus[]; readonly broker: string | undefined }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly queryId: string;
      readonly error: string;
      readonly fenced: boolean;
    };

const { settings, handle, index } = workerData as WorkerData;
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);
const fetchBytes = 8 << 20;
/** An input with more than this at hand is left out of the next fetch. */
const enoughBytes = 2 << 20;
/** How long the broker may hold a fetch that has nothing to give; short while some input was left out, which will want more soon. */
const fetchWaitMs = { all: 100, some: 5 };
const statusMs = 250;

const wire = new Wire(settings, `millrace-worker-${index}`);
const models = new ModelService();
const tasks = new Map<string, KafkaTask>();
const committing = new Map<KafkaTask, Promise<void>>();
const pending = new Map<number, { resolve: (schema?: SchemaText) => void; reject: (error: Error) => void }>();
let calls = 0;
let closing = false;
let fetchError: string | undefined;
let wake: () => void = () => undefined;

function commitOffsets(group: string, offsets: readonly TopicOffset[]): Promise<void> {
  const call = calls++;
  return new Promise((resolve, reject) => {
    pending.set(call, { resolve: () => resolve(), reject });
    send({ kind: 'commitOffsets', group, offsets, call });
  });
}

/** The registry is asked by the main thread, which has its address or holds it. */
const schemas = new SchemaCache((id) => {
  const call = calls++;
  return new Promise((resolve, reject) => {
    pending.set(call, { resolve, reject });
    send({ kind: 'schema', id, call });
  });
});

/** For tests: `STEP:N` kills the process when this worker's commits have reached a step for the Nth time. */
function crashPoint(text: string | undefined): ((step: TaskCommitStep) => void) | undefined {
  if (text === undefined) return undefined;
  const [wanted, times] = text.split(':');
  let left = Number(times);
  return (step) => {
    if (step === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

async function main(): Promise<void> {
  setLimit(serverOptions.read('ksql.functions.timeout.ms', settings));
  await loadFunctions(serverOptions.read('ksql.extension.dir', settings));
  const backend = await RocksBackend.attach(handle);
  await wire.connect();
  const ports = { wire, backend, models, schemas, commitOffsets, onStep: crashPoint(process.env['MILLRACE_CRASH_AT']) };
  // Starts and stops are carried out in the order they came: a stop must not meet the task that was started after it.
  const orders: Extract<ToWorker, { kind: 'start' | 'stop' }>[] = [];
  let closeCall = -1;
  port.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'start':
      case 'stop':
        orders.push(message);
        break;
      case 'offsetsCommitted':
      case 'schemaFetched': {
        const call = pending.get(message.call);
        pending.delete(message.call);
        if (message.error === undefined) call?.resolve('schema' in message ? message.schema : undefined);
        else call?.reject(new TypeError(message.error));
        return;
      }
      case 'pull': {
        const rows = [...tasks.values()]
          .filter(({ spec }) => spec.queryId === message.queryId)
          .flatMap((task) => [...(task.current(message.key) ?? [])]);
        send({
          kind: 'done',
          call: message.call,
          result: rows.map(({ key, after, timestamp, window }) => ({ key, after, timestamp, window })),
        });
        return;
      }
      case 'model':
        void models.put(message.model);
        return;
      case 'close':
        closing = true;
        closeCall = message.call;
    }
    wake();
  });
  let lastStatus = 0;
  let begun = false;
  let fetching: Promise<void> | undefined;
  while (!closing) {
    for (const order of orders.splice(0)) {
      if (order.kind === 'start') {
        const task = new KafkaTask(order.task, ports);
        await guard(task, async () => {
          await task.start();
          tasks.set(task.spec.id, task);
        });
        continue;
      }
      const task = tasks.get(order.id);
      tasks.delete(order.id);
      if (task !== undefined) {
        await committing.get(task);
        await task.commit().catch(() => undefined);
        if (order.forget) task.forget();
      }
      send({ kind: 'done', call: order.call });
    }
    let progressed = false;
    for (const task of [...tasks.values()]) {
      if (committing.has(task)) continue;
      await guard(task, async () => {
        progressed = (await task.step()) || progressed;
      });
      // The others go on while one waits for its commit.
      if (tasks.has(task.spec.id) && task.commitIsDue) committing.set(task, commit(task));
    }
    fetching ??= fetchAll().finally(() => (fetching = undefined));
    const now = performance.now();
    // The first records are told of at once.
    if ((progressed && !begun) || now - lastStatus > statusMs) {
      begun ||= progressed;
      lastStatus = now;
      send({ kind: 'status', tasks: [...tasks.values()].map(statusOf), broker: fetchError });
    }
    if (!progressed)
      await Promise.race([
        fetching,
        new Promise<void>((resolve) => (wake = resolve)),
        new Promise((resolve) => setTimeout(resolve, 20)),
      ]);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(committing.values());
  for (const task of tasks.values()) await task.commit().catch(() => undefined);
  await models.close();
  await wire.disconnect().catch(() => undefined);
  send({ kind: 'done', call: closeCall });
}

async function commit(task: KafkaTask): Promise<void> {
  await guard(task, () => task.commit());
  committing.delete(task);
  wake();
}

/** Runs a part of a task; one that fails is dropped with its caches, and the main thread decides what follows. */
async function guard(task: KafkaTask, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    tasks.delete(task.spec.id);
    const fenced = error instanceof WireError && error.isFenced;
    send({
      kind: 'failed',
      id: task.spec.id,
      queryId: task.spec.queryId,
      error: error instanceof Error ? error.message : String(error),
      fenced,
    });
  }
}

/** One fetch for every input that has not enough at hand. */
async function fetchAll(): Promise<void> {
  const all = [...tasks.values()].flatMap((task) => task.inputs.map((input) => ({ task, input })));
  const inputs = all.filter(({ input }) => input.buffered < enoughBytes);
  if (inputs.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return;
  }
  // Several tasks may read one partition: it is fetched once, from where the last of them is.
  const wants = new Map<string, FetchWant>();
  for (const { input } of inputs) {
    const { topic, partition, fetched } = input;
    const name = `${topic}/${partition}`;
    wants.set(name, { topic, partition, offset: Math.min(fetched, wants.get(name)?.offset ?? Infinity) });
  }
  try {
    const wait = inputs.length < all.length ? fetchWaitMs.some : fetchWaitMs.all;
    const results = await wire.fetch([...wants.values()], wait, fetchBytes);
    fetchError = undefined;
    for (const result of results) {
      const { topic, partition, batches, next, highWatermark, outOfRange, lease } = result;
      const first = outOfRange ? ((await wire.listOffsets(topic, [partition], -2)).get(partition) ?? 0) : 0;
      for (const { task, input } of inputs) {
        if (input.topic !== topic || input.partition !== partition) continue;
        task.highWatermarks.set(`${topic}/${partition}`, highWatermark);
        if (outOfRange) {
          if (input.fetched < first) input.fetched = input.position = first;
          continue;
        }
        const { fetched } = input;
        input.add(
          batches.filter((batch) => readBatchInfo(batch, 0, batch.length)!.lastOffset >= fetched),
          lease,
        );
        input.fetched = Math.max(input.fetched, next);
      }
      lease.release();
    }
  } catch (error) {
    fetchError = (error as Error).message;
    // A broker that is gone comes back, or its partitions get another leader: the next fetch asks anew.
    await wire.watch([...new Set(inputs.map(({ input }) => input.topic))]).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function statusOf(task: KafkaTask): TaskStatus {
  const { spec, counts, errors, lag } = task;
  return { id: spec.id, queryId: spec.queryId, ...counts, errors, lag };
}

void main();
