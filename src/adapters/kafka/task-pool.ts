import type { Row, Value } from '../../types/sql-type.ts';
import type { TypedSchema } from '../../runtime/ports/schema-registry.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ModelObject } from '../../types/model.ts';
import type { VersionStats } from '../../runtime/ports/scoring-stats.ts';
import { Change } from '../../runtime/change.ts';
import type { ClientSettings } from './client-config.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import { lostThread } from '../../runtime/task/attempt.ts';
import type { StandbySpec } from './standby-tasks.ts';
import type { PulledChange, WantedRows } from './task-scans.ts';
import type {
  DroppedQuery,
  FailedTask,
  KafkaTaskSpec,
  MainCalls,
  TaskStatus,
  WorkerCalls,
  WorkerData,
} from './task-worker.ts';

export interface PoolOptions {
  readonly threads: number;
  /** The module that workers run. */
  readonly module: URL;
  readonly settings: ClientSettings;
  readonly stateFolder: string;
  readonly handle: unknown;
}
export interface PoolCallbacks {
  readonly commitOffsets: (
    group: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
  ) => Promise<void>;
  /** Fetches a schema from the registry. */
  readonly fetchSchema: (id: number) => Promise<TypedSchema | undefined>;
  /** `broker` has the error of a worker that cannot fetch. */
  readonly onStatus: (tasks: readonly TaskStatus[], worker: number, broker: string | undefined) => void;
  readonly onFailed: (task: FailedTask) => void;
  /** A worker's thread has ended, by an error of its own or because it hung; its tasks fail next. */
  readonly onThreadLost: (worker: number) => void;
}

/** The rows that this process holds, read as they are asked for. */
export interface PoolScan {
  readonly partitions: readonly number[];
  rows(): AsyncIterable<readonly Change[]>;
  end(): void;
}

interface PoolWorker {
  readonly worker: Worker;
  readonly rpc: WorkerRpc<WorkerCalls, MainCalls>;
  /** Ends the thread when it does nothing but one thing, for the time of a call. */
  readonly watched: <T>(call: Promise<T>) => Promise<T>;
  /** Whether it has crashed. Another takes its place. */
  isGone: boolean;
}
interface Placed {
  readonly on: PoolWorker;
  readonly task: KafkaTaskSpec;
}

/** A thread that crashes sooner than this is followed by the next one only after this time. */
const shortLifeMs = 1000;

/** The worker threads of a node, and the assignment of tasks to them. */
export class TaskPool {
  readonly #options: PoolOptions;
  readonly #callbacks: PoolCallbacks;
  readonly #workers: PoolWorker[];
  readonly #placed = new Map<string, Placed>();
  readonly #standbys = new Map<string, { readonly on: PoolWorker; readonly standby: StandbySpec }>();
  readonly #models = new Map<string, ModelObject>();
  #closed = false;

  constructor(options: PoolOptions, callbacks: PoolCallbacks) {
    this.#options = options;
    this.#callbacks = callbacks;
    this.#workers = Array.from({ length: options.threads }, (_, index) => this.#open(index));
  }

  #open(index: number): PoolWorker {
    const { module, settings, stateFolder, handle } = this.#options;
    const callbacks = this.#callbacks;
    const worker = new Worker(module, {
      workerData: { settings, stateFolder, handle, index } satisfies WorkerData,
      resourceLimits: { maxYoungGenerationSizeMb: 32 },
    });
    const rpc = new WorkerRpc<WorkerCalls, MainCalls>(worker, {
      commitOffsets: callbacks.commitOffsets,
      fetchSchema: callbacks.fetchSchema,
      status: (tasks, broker) => callbacks.onStatus(tasks, index, broker),
      failed: (task) => {
        if (this.#placed.get(task.id)?.task.run === task.run) this.#placed.delete(task.id);
        callbacks.onFailed(task);
      },
    });
    const watched = watchedBy(worker, rpc);
    const opened: PoolWorker = { worker, rpc, watched, isGone: false };
    const begun = performance.now();
    const lost = (message: string): void => {
      if (opened.isGone) return;
      rpc.fail(message);
      opened.isGone = true;
      callbacks.onThreadLost(index);
      const replace = (): void => {
        if (this.#closed) return;
        const next = this.#open(index);
        this.#workers[index] = next;
        for (const [id, { on, standby }] of this.#standbys) if (on === opened) this.#placeStandby(id, next, standby);
        for (const model of this.#models.values()) next.rpc.tell('putModel', model);
      };
      if (performance.now() - begun > shortLifeMs) replace();
      else setTimeout(replace, shortLifeMs).unref();
      for (const { on, task } of [...this.#placed.values()]) if (on === opened) this.#lost(task, message);
    };
    worker.on('error', ({ message }) => lost(message));
    worker.on('exit', () => lost(hangs));
    return opened;
  }
  #lost({ id, run, task }: KafkaTaskSpec, message: string): void {
    this.#placed.delete(id);
    const failure = lostThread(message);
    this.#callbacks.onFailed({ id, run, queryId: task.queryId, failure, fenced: false, hasLostThread: true });
  }

  /** Starts a task on the thread with the fewest. */
  start(task: KafkaTaskSpec): void {
    const load = (worker: PoolWorker): number => [...this.#placed.values()].filter(({ on }) => on === worker).length;
    const there = this.#workers.filter(({ isGone }) => !isGone);
    if (there.length === 0) {
      this.#lost(task, 'no thread runs at the moment');
      return;
    }
    const worker = there.reduce((best, candidate) => (load(candidate) < load(best) ? candidate : best));
    this.#placed.set(task.id, { on: worker, task });
    // With state, most of the heap after a commit is garbage: it may then be twice the live size, not four times. Without state
    // so little is live that this would make collections far too frequent.
    if (task.log.hasState) setFlagsFromString('--heap-growing-percent=100');
    worker.rpc.tell('start', task);
  }

  /** Stops a task after a last commit; does nothing if its worker has crashed. */
  async stop(id: string): Promise<void> {
    const worker = this.#placed.get(id);
    this.#placed.delete(id);
    await worker?.on.watched(worker.on.rpc.call('stop', id)).catch(() => undefined);
  }

  /** Keeps the state of a task that another node runs, on the thread with the fewest of such. */
  startStandby(standby: StandbySpec): void {
    const load = (worker: PoolWorker): number => [...this.#standbys.values()].filter(({ on }) => on === worker).length;
    this.#placeStandby(
      standby.id,
      this.#workers.reduce((best, candidate) => (load(candidate) < load(best) ? candidate : best)),
      standby,
    );
  }
  #placeStandby(id: string, on: PoolWorker, standby: StandbySpec): void {
    this.#standbys.set(id, { on, standby });
    on.rpc.tell('startStandby', standby);
  }
  async stopStandby(id: string): Promise<void> {
    const placed = this.#standbys.get(id);
    this.#standbys.delete(id);
    await placed?.on.rpc.call('stopStandby', id).catch(() => undefined);
  }

  /** A query is dropped, whose tasks have stopped: every thread lets go of what it kept for it, and one deletes its state. */
  async forget(dropped: DroppedQuery): Promise<void> {
    const there = this.#workers.filter(({ isGone }) => !isGone);
    const forget = ({ rpc, watched }: PoolWorker, i: number): Promise<void> =>
      watched(rpc.call('forget', i === 0 ? dropped : { ...dropped, states: [] })).catch(() => undefined);
    await Promise.all(there.map(forget));
  }

  /** Resolves when all threads that run have the model. */
  async putModel(model: ModelObject): Promise<void> {
    this.#models.set(model.name, model);
    await Promise.all(this.#workers.map(({ rpc }) => rpc.call('putModel', model).catch(() => undefined)));
  }
  /** What the threads that run have scored. */
  async modelStats(): Promise<readonly VersionStats[]> {
    const parts = this.#workers.map(({ rpc }) => rpc.call('modelStats').catch(() => []));
    return (await Promise.all(parts)).flat();
  }
  removeModel(name: string): void {
    this.#models.delete(name);
    for (const { rpc } of this.#workers) rpc.tell('removeModel', name);
  }

  async lookUp(wanted: WantedRows, keys: readonly Row[]): Promise<{ partitions: number[]; rows: Change[] }> {
    const answers = await Promise.all(this.#workers.map(({ rpc }) => rpc.call('lookUp', wanted, keys)));
    return {
      partitions: answers.flatMap(({ partitions }) => partitions),
      rows: answers.flatMap(({ rows }) => rows.map(changeOf)),
    };
  }

  /** Begins to read all rows. The reader ends the scan, also when it reads none of them. */
  async scan(wanted: WantedRows): Promise<PoolScan> {
    const opened = await Promise.all(
      this.#workers.map(async ({ rpc }) => ({ rpc, ...(await rpc.call('openScan', wanted)) })),
    );
    return {
      partitions: opened.flatMap(({ partitions }) => partitions),
      async *rows() {
        for (const { rpc, scan } of opened)
          for (;;) {
            const rows = await rpc.call('scan', scan);
            if (rows.length === 0) break;
            yield rows.map(changeOf);
          }
      },
      end() {
        for (const { rpc, scan } of opened) rpc.tell('endScan', scan);
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map(({ rpc, watched }) => watched(rpc.call('close')).catch(() => undefined)));
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }
}

const hangs = 'its thread did not come back from the work on a record';
/** A thread answers a question within this time, unless it hangs. */
const answerMs = 5000;

/** Waits for a call to a thread as long as that answers at all, and ends it otherwise. */
function watchedBy(worker: Worker, rpc: WorkerRpc<WorkerCalls, MainCalls>): PoolWorker['watched'] {
  return async (call) => {
    let isOver = false;
    const watch = async (): Promise<void> => {
      while (!isOver) {
        const late = sleep(answerMs, true, { ref: false });
        if (await Promise.race([rpc.call('isThere').catch(() => undefined), late])) await worker.terminate();
        await late;
      }
    };
    void watch();
    return call.finally(() => (isOver = true));
  };
}

const changeOf = ({ key, after, timestamp, window }: PulledChange): Change =>
  new Change(revive(key)!, undefined, revive(after), timestamp, 0, window);

/** Messages between threads turn buffers into plain byte arrays; this restores them. */
function revive(row: Row | undefined): Row | undefined {
  return row?.map(revived);
}
function revived(value: Value): Value {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Map) return new Map([...(value as Map<Value, Value>)].map(([k, v]) => [k, revived(v)]));
  return (value as readonly Value[]).map(revived);
}
