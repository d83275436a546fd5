import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../change.ts';
import type { BatchReport, QueryState, QueryStatus } from '../ports/node.ts';
import { Backoff } from '../../util/retry.ts';
import type { Task } from './task.ts';

export interface RunnerOptions {
  /** Makes the task and starts it; again after each failure. */
  readonly open: () => Promise<Task>;
  /** Waits until there may be something to read, or the time is over. */
  readonly wait: (ms: number) => Promise<void>;
  readonly paused: boolean;
  readonly onBatch: (report: BatchReport) => void;
}

const pauses = { firstMs: 1000, longestMs: 60_000 };
const waitMs = 1000;

/** Runs one task in this thread: step, commit when that is due, over and over; after a failure from the last commit on. */
export class TaskRunner {
  readonly #options: RunnerOptions;
  #task: Task | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  #paused: boolean;
  #state: QueryState = 'RUNNING';
  #error: string | undefined;
  #resume: (() => void) | undefined;
  /** What was committed, of this task and of those before it. */
  readonly #totals = { in: 0, out: 0, errors: 0 };
  readonly #told = { in: 0, out: 0, errors: 0, batchMs: 0, batches: 0 };

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#paused = options.paused;
  }

  /** A task that cannot be started is in state ERROR and is tried again; the node goes on. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.#fail(error);
    }
    this.#running = this.#loop();
  }
  async #open(): Promise<Task> {
    this.#task = await this.#options.open();
    Object.assign(this.#told, { in: 0, out: 0, errors: 0, batchMs: 0, batches: 0 });
    return this.#task;
  }
  #fail(error: unknown): void {
    this.#state = 'ERROR';
    this.#error = error instanceof Error ? error.message : String(error);
  }

  async #loop(): Promise<void> {
    const backoff = new Backoff(pauses);
    while (!this.#stopping) {
      try {
        if (this.#state === 'ERROR') {
          await this.#options.wait(backoff.next());
          if (this.#stopping) return;
          // What was not committed is gone with the caches: everything is read again from the last commit.
          await this.#task?.close();
          await this.#open();
          this.#state = 'RUNNING';
        }
        await this.#turn(this.#task!);
        backoff.reset();
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  async #turn(task: Task): Promise<void> {
    if (this.#paused) {
      if (task.commitIsDue) await this.#commit(task);
      await new Promise<void>((resolve) => (this.#resume = resolve));
      return;
    }
    const worked = await task.step();
    if (this.#stopping) return;
    if (task.commitIsDue) await this.#commit(task);
    if (worked) await new Promise((resolve) => setImmediate(resolve));
    else {
      const { idleTimeoutMs = Infinity, maxIdleMs = Infinity } = task.spec.settings;
      await this.#options.wait(Math.min(waitMs, idleTimeoutMs, maxIdleMs));
    }
  }

  async #commit(task: Task): Promise<void> {
    await task.commit();
    const { counts, errors } = task;
    const told = this.#told;
    const recordsIn = counts.in - told.in;
    const recordsOut = counts.out - told.out;
    const seconds = (counts.batchMs - told.batchMs) / Math.max(1, counts.batches - told.batches) / 1000;
    this.#totals.in += recordsIn;
    this.#totals.out += recordsOut;
    this.#totals.errors += errors - told.errors;
    Object.assign(told, { ...counts, errors });
    if (recordsIn > 0 || recordsOut > 0) this.#options.onBatch({ recordsIn, recordsOut, seconds, commits: 1 });
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#resume?.();
  }

  get status(): QueryStatus {
    return {
      state: this.#paused ? 'PAUSED' : this.#state,
      error: this.#error,
      recordsIn: this.#totals.in,
      recordsOut: this.#totals.out,
      errors: this.#totals.errors,
      lag: this.#task?.lag ?? 0,
      stateBytes: 0,
      tasks: 1,
      restored: 0,
    };
  }

  current(key: Row | undefined): Iterable<Change> | undefined {
    return this.#task?.current(key);
  }

  /** Ends the loop; the batch that is in work is not committed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#resume?.();
    await this.#running;
    await this.#task?.close();
  }
}
