import type { Row } from '../../types/sql-type.ts';
import type { SchemaText } from '../../runtime/schema-cache.ts';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ModelObject } from '../../types/model.ts';
import { Change } from '../../runtime/change.ts';
import type { ClientSettings } from './client-config.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import type { FailedTask, KafkaTaskSpec, MainCalls, TaskStatus, WorkerCalls, WorkerData } from './task-worker.ts';

export interface PoolOptions {
  readonly threads: number;
  /** What a worker runs. */
  readonly module: URL;
  readonly settings: ClientSettings;
  readonly handle: unknown;
}
export interface PoolCallbacks {
  readonly commitOffsets: (
    group: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
  ) => Promise<void>;
  /** A schema of the registry. */
  readonly fetchSchema: (id: number) => Promise<SchemaText | undefined>;
  /** `broker` says why a worker cannot fetch, while it cannot. */
  readonly onStatus: (tasks: readonly TaskStatus[], worker: number, broker: string | undefined) => void;
  readonly onFailed: (task: FailedTask) => void;
}

interface PoolWorker {
  readonly worker: Worker;
  readonly rpc: WorkerRpc<WorkerCalls, MainCalls>;
}

/** The worker threads of a node, and which task runs in which. */
export class TaskPool {
  readonly #workers: readonly PoolWorker[];
  readonly #placed = new Map<string, PoolWorker>();

  constructor({ threads, module, settings, handle }: PoolOptions, callbacks: PoolCallbacks) {
    this.#workers = Array.from({ length: threads }, (_, index) => {
      const worker = new Worker(module, {
        workerData: { settings, handle, index } satisfies WorkerData,
        resourceLimits: { maxYoungGenerationSizeMb: 32 },
      });
      const rpc = new WorkerRpc<WorkerCalls, MainCalls>(worker, {
        commitOffsets: callbacks.commitOffsets,
        fetchSchema: callbacks.fetchSchema,
        status: (tasks, broker) => callbacks.onStatus(tasks, index, broker),
        failed: (task) => {
          this.#placed.delete(task.id);
          callbacks.onFailed(task);
        },
      });
      const opened = { worker, rpc };
      worker.on('error', ({ message }) => {
        rpc.fail(message);
        for (const [id, at] of this.#placed)
          if (at === opened) callbacks.onFailed({ id, queryId: '', error: message, fenced: false });
      });
      return opened;
    });
  }

  /** Places a task on the thread that has least. */
  start(task: KafkaTaskSpec): void {
    const load = (worker: PoolWorker): number => [...this.#placed.values()].filter((each) => each === worker).length;
    const worker = this.#workers.reduce((best, each) => (load(each) < load(best) ? each : best));
    this.#placed.set(task.id, worker);
    // Most of a heap is then states and rows that a commit made garbage: it may be twice what is alive, not four times. Without
    // state so little is alive that it would be collected all the time.
    if (task.log.hasState) setFlagsFromString('--heap-growing-percent=100');
    worker.rpc.tell('start', task);
  }

  /** Stops a task after a last commit; one whose worker has crashed is stopped already. */
  async stop(id: string, forget: boolean): Promise<void> {
    const worker = this.#placed.get(id);
    this.#placed.delete(id);
    await worker?.rpc.call('stop', id, forget).catch(() => undefined);
  }

  putModel(model: ModelObject): void {
    for (const { rpc } of this.#workers) rpc.tell('putModel', model);
  }

  async pull(queryId: string, key: Row | undefined): Promise<Change[]> {
    const answers = await Promise.all(this.#workers.map(({ rpc }) => rpc.call('pull', queryId, key)));
    return answers
      .flat()
      .map(({ key: own, after, timestamp, window }) => new Change(own, undefined, revive(after), timestamp, 0, window));
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ rpc }) => rpc.call('close').catch(() => undefined)));
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }
}

/** Buffers become plain byte arrays on their way between threads. */
function revive(row: Row | undefined): Row | undefined {
  return row?.map((value) => (value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value) : value));
}
