import type { EventCounts } from '../../runtime/ports/counted-events.ts';
import type { Row } from '../../types/sql-type.ts';
import type { MessagePort } from 'node:worker_threads';
import type { ModelObject } from '../../types/model.ts';
import type { VersionStats } from '../../runtime/ports/scoring-stats.ts';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { OnlineStores } from '../../runtime/ports/online-store.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import type { TypedSchema } from '../../runtime/ports/schema-registry.ts';
import { SchemaCache } from '../../runtime/schema-cache.ts';
import type { TaskFailure } from '../../runtime/task/attempt.ts';
import type { TaskSpec } from '../../runtime/task/spec.ts';
import { Task } from '../../runtime/task/task.ts';
import { AutoResetEvent } from '../../util/auto-reset-event.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import { WorkMarks } from '../rocksdb/work-marks.ts';
import type { ClientSettings } from './client-config.ts';
import { threadName } from './names.ts';
import { Fetcher } from './fetcher.ts';
import { LocalState } from './local-state.ts';
import { KafkaTaskLog, type TaskLogSpec } from './task-log.ts';
import { StandbyTasks, type StandbySpec } from './standby-tasks.ts';
import {
  holdsWanted,
  TaskScans,
  type FoundRows,
  type HeldTask,
  type OpenedScan,
  type PulledChange,
  type WantedRows,
} from './task-scans.ts';
import { WireError } from './wire-error.ts';
import { Wire, type TopicOffset } from './wire.ts';

/** A task as sent to a worker: plain data. */
export interface KafkaTaskSpec {
  readonly id: string;
  /** Told by its reports: each start of a task is another run. */
  readonly run: number;
  readonly task: TaskSpec;
  readonly log: TaskLogSpec;
}
export interface WorkerData {
  readonly settings: ClientSettings;
  readonly stateFolder: string;
  /** The handle of the database, which this process has open. */
  readonly handle: unknown;
  readonly index: number;
}
/** What a query that is dropped leaves on a node, by name. */
export interface DroppedQuery {
  readonly tasks: readonly string[];
  /** Its groups and transactional ids. */
  readonly ids: readonly string[];
  readonly topics: readonly string[];
  /** The tasks' states, also of those that ran here once. */
  readonly states: readonly string[];
}
/** What the main thread can call in a worker. */
export interface WorkerCalls {
  start(task: KafkaTaskSpec): void;
  /** Resolves after the task's last commit. */
  stop(id: string): Promise<void>;
  startStandby(standby: StandbySpec): void;
  /** Resolves when the standby task applies nothing any more. */
  stopStandby(id: string): Promise<void>;
  /** Lets go of what a query leaves behind. */
  forget(dropped: DroppedQuery): void;
  lookUp(wanted: WantedRows, keys: readonly Row[]): FoundRows;
  openScan(wanted: WantedRows): Promise<OpenedScan>;
  scan(scan: number): readonly PulledChange[];
  endScan(scan: number): void;
  putModel(model: ModelObject): Promise<void>;
  modelStats(): readonly VersionStats[];
  removeModel(name: string): void;
  /** Answered at once by a thread that does not hang. */
  isThere(): void;
  /** Resolves when all tasks have committed and everything is closed. */
  close(): Promise<void>;
}
/** What a worker can call in the main thread. */
export interface MainCalls {
  commitOffsets(group: string, offsets: readonly TopicOffset[]): Promise<void>;
  fetchSchema(id: number): Promise<TypedSchema | undefined>;
  /** `broker` has the error of the last fetch if that failed. */
  status(tasks: readonly TaskStatus[], broker: string | undefined): void;
  failed(task: FailedTask): void;
}
export interface FailedTask {
  readonly id: string;
  readonly run: number;
  readonly queryId: string;
  readonly failure: TaskFailure;
  /** Whether another member has taken the task over. */
  readonly fenced: boolean;
  /** Whether its thread has ended. */
  readonly hasLostThread?: boolean;
}
export interface TaskStatus {
  readonly id: string;
  readonly run: number;
  readonly queryId: string;
  readonly in: number;
  readonly out: number;
  readonly errors: number;
  readonly events: EventCounts;
  readonly restored: number;
  readonly commits: number;
  /** The commits whose offsets are stored. */
  readonly settled: number;
  /** Records that retention deleted before they were read. */
  readonly expired: number;
  /** What keeps it from reading one of its topics. */
  readonly trouble: string | undefined;
  readonly batches: number;
  /** Milliseconds spent in batches. */
  readonly batchMs: number;
  readonly lag: number;
}
/** The models of a worker, which scores rows itself. */
export interface WorkerModels extends ModelHost {
  put(model: ModelObject): Promise<void>;
  ownStats(): readonly VersionStats[];
  remove(name: string): void;
  close(): Promise<void>;
}
/** What a worker needs beside Kafka. */
export interface WorkerParts {
  readonly backend: StateBackend;
  readonly models: WorkerModels;
  readonly stores: OnlineStores;
  /** Observes the steps of every task's commits. */
  readonly observe?: CommitObserver | undefined;
}

interface Running {
  hasFailed: boolean;
  /** Its step, while that waits for something: a model, or the broker. */
  stepping: Promise<void> | undefined;
  readonly spec: KafkaTaskSpec;
  readonly task: Task;
  readonly log: KafkaTaskLog;
}
const isQuiet = ({ task, stepping }: Running): boolean => stepping === undefined && task.isQuiet;
const statusMs = 250;
/** How long a thread waits for an event, where something may be due, and where nothing is until records come. */
const waitMs = { some: 20, quiet: 1000 };

/** A thread that runs tasks: one loop and one fetch for all of them; commits run concurrently. */
export class TaskWorker {
  readonly #main: WorkerRpc<MainCalls, WorkerCalls>;
  readonly #parts: WorkerParts;
  readonly #marks: WorkMarks;
  readonly #wire: Wire;
  readonly #fetcher: Fetcher;
  readonly #schemas: SchemaCache;
  readonly #tasks = new Map<string, Running>();
  readonly #committing = new Map<Running, Promise<void>>();
  /** Tasks on their way to their first step: restoring takes its time, and the others run meanwhile. */
  readonly #starting = new Map<string, Running>();
  /** Starts and stops of one task in order of arrival: a stop must not affect a task that was started after it. */
  readonly #orders = new Map<string, Promise<void>>();
  readonly #scans = new TaskScans((wanted) => this.#tasksOf(wanted));
  readonly #standbys: StandbyTasks;
  /** Set when `close` is called; called when it is done. */
  #closed: (() => void) | undefined;
  /** Set when a fetch or a commit has ended, or an order has arrived. */
  readonly #event = new AutoResetEvent();
  #lastStatus = 0;
  /** The tasks of the fetch that is under way, and whether those that have begun since are fetched for. */
  #fetching: ReadonlySet<Running> | undefined;
  #fetchingNew = false;
  /** What was told last of each task, and of the broker. */
  #told = new Map<string, string>();
  #toldError: string | undefined;
  #begun = false;

  constructor(port: MessagePort, { settings, stateFolder, index }: WorkerData, parts: WorkerParts) {
    this.#parts = parts;
    this.#marks = new WorkMarks(stateFolder, threadName(index));
    this.#wire = new Wire(settings, `worker-${index}`);
    this.#fetcher = new Fetcher(this.#wire);
    this.#main = new WorkerRpc<MainCalls, WorkerCalls>(port, {
      start: (task) => void this.#order(task.id, () => this.#start(task)),
      stop: (id) => {
        this.#starting.get(id)?.log.cancel();
        this.#tasks.get(id)?.log.cancel();
        return this.#order(id, () => this.#stop(id));
      },
      startStandby: (standby) => this.#standbys.start(standby),
      stopStandby: (id) => this.#standbys.stop(id),
      forget: (dropped) => {
        this.#forget(dropped);
      },
      lookUp: (wanted, keys) => this.#scans.lookUp(wanted, keys),
      openScan: (wanted) => this.#scans.open(wanted),
      scan: (scan) => this.#scans.next(scan),
      endScan: (scan) => this.#scans.end(scan),
      putModel: (model) => parts.models.put(model),
      modelStats: () => parts.models.ownStats(),
      removeModel: (name) => {
        parts.models.remove(name);
      },
      isThere: () => undefined,
      close: () =>
        new Promise((closed) => {
          this.#closed = closed;
          this.#event.set();
        }),
    });
    // Only the main thread talks to the registry.
    this.#schemas = new SchemaCache((id) => this.#main.call('fetchSchema', id));
    this.#standbys = new StandbyTasks({ wire: this.#wire, backend: parts.backend, schemas: this.#schemas });
  }

  #order(id: string, action: () => Promise<void>): Promise<void> {
    const order = (this.#orders.get(id) ?? Promise.resolve()).then(action).finally(() => {
      if (this.#orders.get(id) === order) this.#orders.delete(id);
      this.#event.set();
    });
    this.#orders.set(id, order);
    return order;
  }

  /** Runs until `close` is called. */
  async run(): Promise<void> {
    await this.#wire.connect();
    while (this.#closed === undefined) {
      const progressed = await this.#stepAll();
      this.#fetch();
      this.#tell(progressed);
      if (progressed) await new Promise((resolve) => setImmediate(resolve));
      else await this.#event.wait([...this.#tasks.values()].every(isQuiet) ? waitMs.quiet : waitMs.some);
    }
    await this.#close();
    this.#closed();
  }

  /** Fetches for all tasks; for those that have begun since, a fetch that waits for records is not waited for. */
  #fetch(): void {
    const end = (): void => this.#event.set();
    if (this.#fetching === undefined) {
      const all = [...this.#tasks.values()];
      if (all.length === 0) return;
      this.#fetching = new Set(all);
      void this.#fetcher.fetch(all.flatMap(({ task }) => task.inputs)).finally(() => {
        this.#fetching = undefined;
        end();
      });
      return;
    }
    if (this.#fetchingNew) return;
    const begun = [...this.#tasks.values()].filter((running) => !this.#fetching!.has(running));
    if (begun.length === 0) return;
    this.#fetchingNew = true;
    void this.#fetcher.fetchNew(begun.flatMap(({ task }) => task.inputs)).finally(() => {
      this.#fetchingNew = false;
      end();
    });
  }

  #tasksOf(wanted: WantedRows): readonly HeldTask[] {
    if (wanted.isStandby === true) return this.#standbys.reading(wanted);
    return [...this.#tasks.values()]
      .filter(({ spec }) => holdsWanted(spec, wanted))
      .map(({ spec, task }) => ({ partition: spec.log.partition, task }));
  }

  async #start(spec: KafkaTaskSpec): Promise<void> {
    if (this.#closed !== undefined) return;
    const running = this.#open(spec);
    this.#starting.set(spec.id, running);
    await this.#guard(running, async () => {
      await running.task.start();
      this.#tasks.set(spec.id, running);
    });
    this.#starting.delete(spec.id);
  }

  async #stop(id: string): Promise<void> {
    const running = this.#tasks.get(id);
    if (running === undefined) return;
    this.#tasks.delete(id);
    this.#marks.forget(id);
    await this.#committing.get(running);
    await running.stepping;
    if (!running.hasFailed) await running.task.commit().catch(() => undefined);
    await running.log.settled().catch(() => undefined);
    await running.task.close();
    this.#main.tell('status', [this.#statusOf(running)], this.#fetcher.error);
  }
  #forget({ tasks, ids, topics, states }: DroppedQuery): void {
    for (const task of tasks) this.#marks.forget(task);
    const used = new Set([...this.#tasks.values()].flatMap(({ task }) => task.inputs.map(({ topic }) => topic)));
    this.#wire.forget(
      ids,
      topics.filter((topic) => !used.has(topic)),
    );
    for (const state of states) new LocalState(this.#parts.backend, state).forget();
  }

  #open(spec: KafkaTaskSpec): Running {
    const { backend, models, stores, observe } = this.#parts;
    const commitOffsets = (group: string, offsets: readonly TopicOffset[]): Promise<void> =>
      this.#main.call('commitOffsets', group, offsets);
    const log = new KafkaTaskLog(spec.log, { wire: this.#wire, backend, commitOffsets });
    const { statePrefix } = log;
    const mark = this.#marks.of(spec.id);
    const ports = { log, output: log, backend, statePrefix, models, stores, schemas: this.#schemas, observe, mark };
    const task = new Task(spec.task, ports);
    task.answers.onCome = () => this.#event.set();
    return { spec, log, task, hasFailed: false, stepping: undefined };
  }

  async #stepAll(): Promise<boolean> {
    let progressed = false;
    for (const running of [...this.#tasks.values()]) {
      if (this.#committing.has(running)) continue;
      if (!this.#tasks.has(running.spec.id)) continue;
      running.stepping = this.#guard(running, async () => {
        progressed = (await running.task.step()) || progressed;
      });
      await running.stepping;
      running.stepping = undefined;
      // Other tasks continue while one commits.
      if (this.#tasks.has(running.spec.id) && running.task.commitIsDue)
        this.#committing.set(running, this.#commit(running));
    }
    return progressed;
  }
  async #commit(running: Running): Promise<void> {
    await this.#guard(running, () => running.task.commit());
    this.#committing.delete(running);
    this.#event.set();
    await this.#guard(running, () => running.log.settled());
  }

  /** Runs an action of a task. A task that fails is dropped with its caches, and the main thread decides about a restart. */
  async #guard(running: Running, action: () => Promise<void>): Promise<void> {
    const { spec, task } = running;
    try {
      await action();
    } catch (error) {
      if (running.hasFailed) return;
      running.hasFailed = true;
      if (this.#tasks.get(spec.id) === running) this.#tasks.delete(spec.id);
      await task.close().catch(() => undefined);
      this.#main.tell('status', [this.#statusOf(running)], this.#fetcher.error);
      this.#main.tell('failed', {
        id: spec.id,
        run: spec.run,
        queryId: spec.task.queryId,
        failure: task.failure(error),
        fenced: error instanceof WireError && error.isFenced,
      });
    }
  }

  /** Reports the tasks' status at intervals; their first records at once. */
  #tell(progressed: boolean): void {
    const now = performance.now();
    if ((!progressed || this.#begun) && now - this.#lastStatus <= statusMs) return;
    this.#begun ||= progressed;
    this.#lastStatus = now;
    const statuses = [...this.#tasks.values()].map((running) => this.#statusOf(running));
    const texts = new Map(statuses.map((status) => [status.id, JSON.stringify(status)]));
    const changed = statuses.filter(({ id }) => texts.get(id) !== this.#told.get(id));
    if (changed.length === 0 && this.#toldError === this.#fetcher.error) return;
    this.#told = texts;
    this.#toldError = this.#fetcher.error;
    this.#main.tell('status', changed, this.#fetcher.error);
  }
  #statusOf({ spec: { id, run }, log, task: { spec, counts, errors, events, lag, inputs } }: Running): TaskStatus {
    return {
      id,
      run,
      queryId: spec.queryId,
      ...counts,
      settled: log.commits,
      expired: inputs.reduce((sum, { expired }) => sum + expired, 0),
      // What cannot be read says why its offsets are not taken either.
      trouble: this.#fetcher.troubleOf(inputs) ?? log.trouble,
      errors,
      events,
      lag,
    };
  }

  async #close(): Promise<void> {
    this.#scans.endAll();
    await this.#standbys.close();
    for (const { log } of this.#starting.values()) log.cancel();
    await Promise.all(this.#orders.values());
    await Promise.all(this.#committing.values());
    for (const { task, log } of this.#tasks.values()) {
      await task.commit().catch(() => undefined);
      await log.settled().catch(() => undefined);
    }
    this.#marks.close();
    await this.#parts.stores.close();
    await this.#parts.models.close();
    await this.#wire.disconnect().catch(() => undefined);
  }
}
