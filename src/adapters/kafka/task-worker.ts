import type { Row } from '../../types/sql-type.ts';
import type { MessagePort } from 'node:worker_threads';
import type { ModelObject } from '../../types/model.ts';
import type { Change } from '../../runtime/change.ts';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { SchemaCache, type SchemaText } from '../../runtime/schema-cache.ts';
import type { TaskSpec } from '../../runtime/task/spec.ts';
import { Task } from '../../runtime/task/task.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import type { ClientSettings } from './client-config.ts';
import { Fetcher } from './fetcher.ts';
import { KafkaTaskLog, type TaskLogSpec } from './task-log.ts';
import { WireError } from './wire-error.ts';
import { Wire, type TopicOffset } from './wire.ts';

/** A task as a worker is told of it: plain data. */
export interface KafkaTaskSpec {
  readonly id: string;
  readonly task: TaskSpec;
  readonly log: TaskLogSpec;
}
export interface WorkerData {
  readonly settings: ClientSettings;
  /** Of the database that this process has open. */
  readonly handle: unknown;
  readonly index: number;
}
/** What a worker does for the main thread. */
export interface WorkerCalls {
  start(task: KafkaTaskSpec): void;
  /** Ends when the task has committed what it had. */
  stop(id: string, forget: boolean): Promise<void>;
  pull(queryId: string, key: Row | undefined): readonly PulledChange[];
  putModel(model: ModelObject): void;
  /** Ends when all tasks have committed and nothing is open any more. */
  close(): Promise<void>;
}
/** What the main thread does for a worker. */
export interface MainCalls {
  commitOffsets(group: string, offsets: readonly TopicOffset[]): Promise<void>;
  fetchSchema(id: number): Promise<SchemaText | undefined>;
  /** `broker` says why the last fetch failed, while it does. */
  status(tasks: readonly TaskStatus[], broker: string | undefined): void;
  failed(task: FailedTask): void;
}
export type PulledChange = Pick<Change, 'key' | 'after' | 'timestamp' | 'window'>;
export interface FailedTask {
  readonly id: string;
  readonly queryId: string;
  readonly error: string;
  /** Another member has taken the task over. */
  readonly fenced: boolean;
}
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
/** The models of a worker, which scores rows itself. */
export interface WorkerModels extends ModelHost {
  put(model: ModelObject): Promise<void>;
  close(): Promise<void>;
}
/** What a worker is made of beside Kafka. */
export interface WorkerParts {
  readonly backend: StateBackend;
  readonly models: WorkerModels;
  /** Is told of the steps of every task's commits. */
  readonly observe?: CommitObserver | undefined;
}

interface Running {
  readonly spec: KafkaTaskSpec;
  readonly task: Task;
  readonly log: KafkaTaskLog;
}
type Order =
  | { readonly kind: 'start'; readonly task: KafkaTaskSpec }
  | { readonly kind: 'stop'; readonly id: string; readonly forget: boolean; readonly done: () => void };

const statusMs = 250;
const waitMs = 20;

/** A thread that runs tasks: one loop over all of them, one fetch for all of them, commits beside both. */
export class TaskWorker {
  readonly #main: WorkerRpc<MainCalls, WorkerCalls>;
  readonly #parts: WorkerParts;
  readonly #wire: Wire;
  readonly #fetcher: Fetcher;
  readonly #schemas: SchemaCache;
  readonly #tasks = new Map<string, Running>();
  readonly #committing = new Map<Running, Promise<void>>();
  /** Starts and stops are carried out in the order they came: a stop must not meet the task that was started after it. */
  readonly #orders: Order[] = [];
  /** Set when it is to close; called when it has. */
  #closed: (() => void) | undefined;
  #wake: () => void = () => undefined;
  #lastStatus = 0;
  #begun = false;

  constructor(port: MessagePort, { settings, index }: WorkerData, parts: WorkerParts) {
    this.#parts = parts;
    this.#wire = new Wire(settings, `millrace-worker-${index}`);
    this.#fetcher = new Fetcher(this.#wire);
    this.#main = new WorkerRpc<MainCalls, WorkerCalls>(port, {
      start: (task) => this.#order({ kind: 'start', task }),
      stop: (id, forget) => new Promise((done) => this.#order({ kind: 'stop', id, forget, done })),
      pull: (queryId, key) => this.#pull(queryId, key),
      putModel: (model) => void parts.models.put(model),
      close: () =>
        new Promise((closed) => {
          this.#closed = closed;
          this.#wake();
        }),
    });
    // The registry is asked by the main thread, which has its address or holds it.
    this.#schemas = new SchemaCache((id) => this.#main.call('fetchSchema', id));
  }

  #order(order: Order): void {
    this.#orders.push(order);
    this.#wake();
  }

  /** Runs until it is told to close. */
  async run(): Promise<void> {
    await this.#wire.connect();
    let fetching: Promise<void> | undefined;
    while (this.#closed === undefined) {
      for (const order of this.#orders.splice(0)) await this.#carryOut(order);
      const progressed = await this.#stepAll();
      fetching ??= this.#fetcher
        .fetch([...this.#tasks.values()].flatMap(({ task }) => task.inputs))
        .finally(() => (fetching = undefined));
      this.#tell(progressed);
      if (progressed) await new Promise((resolve) => setImmediate(resolve));
      else
        await Promise.race([
          fetching,
          new Promise<void>((resolve) => (this.#wake = resolve)),
          new Promise((resolve) => setTimeout(resolve, waitMs)),
        ]);
    }
    await this.#close();
    this.#closed();
  }

  #pull(queryId: string, key: Row | undefined): PulledChange[] {
    return [...this.#tasks.values()]
      .filter(({ task }) => task.spec.queryId === queryId)
      .flatMap(({ task }) => [...(task.current(key) ?? [])])
      .map(({ key: own, after, timestamp, window }) => ({ key: own, after, timestamp, window }));
  }

  async #carryOut(order: Order): Promise<void> {
    if (order.kind === 'start') {
      const running = this.#open(order.task);
      await this.#guard(running, async () => {
        await running.task.start();
        this.#tasks.set(order.task.id, running);
      });
      return;
    }
    const running = this.#tasks.get(order.id);
    this.#tasks.delete(order.id);
    if (running !== undefined) {
      await this.#committing.get(running);
      await running.task.commit().catch(() => undefined);
      await running.task.close();
      if (order.forget) running.log.forget();
    }
    order.done();
  }

  #open(spec: KafkaTaskSpec): Running {
    const { backend, models, observe } = this.#parts;
    const commitOffsets = (group: string, offsets: readonly TopicOffset[]): Promise<void> =>
      this.#main.call('commitOffsets', group, offsets);
    const log = new KafkaTaskLog(spec.log, { wire: this.#wire, backend, commitOffsets });
    const { statePrefix } = log;
    const ports = { log, output: log, backend, statePrefix, models, schemas: this.#schemas, observe };
    return { spec, log, task: new Task(spec.task, ports) };
  }

  async #stepAll(): Promise<boolean> {
    let progressed = false;
    for (const running of [...this.#tasks.values()]) {
      if (this.#committing.has(running)) continue;
      await this.#guard(running, async () => {
        progressed = (await running.task.step()) || progressed;
      });
      // The others go on while one waits for its commit.
      if (this.#tasks.has(running.spec.id) && running.task.commitIsDue)
        this.#committing.set(running, this.#commit(running));
    }
    return progressed;
  }
  async #commit(running: Running): Promise<void> {
    await this.#guard(running, () => running.task.commit());
    this.#committing.delete(running);
    this.#wake();
  }

  /** Runs a part of a task; one that fails is dropped with its caches, and the main thread decides what follows. */
  async #guard(running: Running, action: () => Promise<void>): Promise<void> {
    const { spec, task } = running;
    try {
      await action();
    } catch (error) {
      this.#tasks.delete(spec.id);
      await task.close().catch(() => undefined);
      this.#main.tell('failed', {
        id: spec.id,
        queryId: spec.task.queryId,
        error: error instanceof Error ? error.message : String(error),
        fenced: error instanceof WireError && error.isFenced,
      });
    }
  }

  /** Says how the tasks are, now and then; the first records are told of at once. */
  #tell(progressed: boolean): void {
    const now = performance.now();
    if ((!progressed || this.#begun) && now - this.#lastStatus <= statusMs) return;
    this.#begun ||= progressed;
    this.#lastStatus = now;
    const tasks = [...this.#tasks.values()].map(
      ({ spec: { id }, task: { spec, counts, errors, lag } }): TaskStatus => ({
        id,
        queryId: spec.queryId,
        ...counts,
        errors,
        lag,
      }),
    );
    this.#main.tell('status', tasks, this.#fetcher.error);
  }

  async #close(): Promise<void> {
    await Promise.all(this.#committing.values());
    for (const { task } of this.#tasks.values()) await task.commit().catch(() => undefined);
    await this.#parts.models.close();
    await this.#wire.disconnect().catch(() => undefined);
  }
}
