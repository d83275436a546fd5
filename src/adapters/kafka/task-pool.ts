import type { SchemaText } from '../../runtime/schema-cache.ts';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ModelObject } from '../../types/model.ts';
import { Change, type Row } from '../../runtime/change.ts';
import type { ClientSettings } from './client-config.ts';
import type { FromWorker, KafkaTaskSpec, TaskStatus, ToWorker, WorkerData } from './task-worker.ts';

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
  readonly onFailed: (task: { id: string; queryId: string; error: string; fenced: boolean }) => void;
}

type Unnumbered<M> = M extends { call: number } ? Omit<M, 'call'> : never;

/** The worker threads of a node, and which task runs in which. */
export class TaskPool {
  readonly #workers: Worker[];
  readonly #placed = new Map<string, Worker>();
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor({ threads, module, settings, handle }: PoolOptions, callbacks: PoolCallbacks) {
    this.#workers = Array.from({ length: threads }, (_, index) => {
      const worker = new Worker(module, {
        workerData: { settings, handle, index } satisfies WorkerData,
        resourceLimits: { maxYoungGenerationSizeMb: 32 },
      });
      worker.on('message', (message: FromWorker) => this.#receive(worker, message, callbacks));
      worker.on('error', (error) => {
        for (const [id, at] of this.#placed)
          if (at === worker) callbacks.onFailed({ id, queryId: '', error: error.message, fenced: false });
      });
      return worker;
    });
  }

  #receive(worker: Worker, message: FromWorker, callbacks: PoolCallbacks): void {
    switch (message.kind) {
      case 'commitOffsets': {
        const answer = (error: string | undefined): void =>
          worker.postMessage({ kind: 'offsetsCommitted', call: message.call, error } satisfies ToWorker);
        callbacks.commitOffsets(message.group, message.offsets).then(
          () => answer(undefined),
          (error: unknown) => answer(error instanceof Error ? error.message : String(error)),
        );
        return;
      }
      case 'schema': {
        const answer = (schema: SchemaText | undefined, error?: string): void =>
          worker.postMessage({ kind: 'schemaFetched', call: message.call, schema, error } satisfies ToWorker);
        callbacks
          .fetchSchema(message.id)
          .then(answer, (error: unknown) => answer(undefined, error instanceof Error ? error.message : String(error)));
        return;
      }
      case 'done': {
        const call = this.#pending.get(message.call);
        this.#pending.delete(message.call);
        call?.resolve(message.result);
        return;
      }
      case 'status':
        callbacks.onStatus(message.tasks, this.#workers.indexOf(worker), message.broker);
        return;
      case 'failed':
        this.#placed.delete(message.id);
        callbacks.onFailed(message);
    }
  }

  #ask(worker: Worker, message: Unnumbered<ToWorker>): Promise<unknown> {
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      worker.postMessage({ ...message, call });
    });
  }

  /** Places a task on the thread that has least. */
  start(task: KafkaTaskSpec): void {
    const load = (worker: Worker): number => [...this.#placed.values()].filter((each) => each === worker).length;
    const worker = this.#workers.reduce((best, each) => (load(each) < load(best) ? each : best));
    this.#placed.set(task.id, worker);
    // Most of a heap is then states and rows that a commit made garbage: it may be twice what is alive, not four times. Without
    // state so little is alive that it would be collected all the time.
    if (task.log.hasState) setFlagsFromString('--heap-growing-percent=100');
    worker.postMessage({ kind: 'start', task } satisfies ToWorker);
  }

  /** Stops a task after a last commit. */
  async stop(id: string, forget: boolean): Promise<void> {
    const worker = this.#placed.get(id);
    this.#placed.delete(id);
    if (worker !== undefined) await this.#ask(worker, { kind: 'stop', id, forget });
  }

  putModel(model: ModelObject): void {
    for (const worker of this.#workers) worker.postMessage({ kind: 'model', model } satisfies ToWorker);
  }

  async pull(queryId: string, key: Row | undefined): Promise<Change[]> {
    const answers = await Promise.all(this.#workers.map((worker) => this.#ask(worker, { kind: 'pull', queryId, key })));
    return (answers as Pick<Change, 'key' | 'after' | 'timestamp' | 'window'>[][])
      .flat()
      .map(
        ({ key: each, after, timestamp, window }) => new Change(each, undefined, revive(after), timestamp, 0, window),
      );
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => this.#ask(worker, { kind: 'close' })));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Buffers become plain byte arrays on their way between threads. */
function revive(row: Row | undefined): Row | undefined {
  return row?.map((value) => (value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value) : value));
}
