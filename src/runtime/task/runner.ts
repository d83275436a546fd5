import { addedEvents, noEvents } from '../ports/counted-events.ts';
import type { WantedNearest } from '../nearest/nearest-rows.ts';
import type { Row } from '../../types/sql-type.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../change.ts';
import type { BatchReport, QueryState, QueryStatus } from '../ports/node.ts';
import { AutoResetEvent } from '../../util/auto-reset-event.ts';
import { noted, type NotedError } from '../../util/noted-error.ts';
import { Backoff, type Pauses } from '../../util/retry.ts';
import { nextAttempt, resumedAttempt, standsAt, type Attempt, type TaskFailure } from './attempt.ts';
import type { Task } from './task.ts';

export interface RunnerOptions {
  /** Opens the task of an attempt; the runner starts it. */
  readonly open: (attempt: Attempt | undefined) => Task;
  /** Sets the event whenever the log may have new records; returns the function that ends this. */
  readonly watch: (event: AutoResetEvent) => () => void;
  readonly paused: boolean;
  /** The attempt to begin with; without it the first. */
  readonly attempt?: Attempt | undefined;
  /** Why the query must not begin before it is resumed. */
  readonly stands?: TaskFailure | undefined;
  readonly onBatch: (report: BatchReport) => void;
  /** Called when the query is in ERROR until it is resumed. */
  readonly onStopped: (failure: TaskFailure) => void;
  /** Overrides the default pauses between attempts. */
  readonly pauses?: Pauses;
}

const defaultPauses: Pauses = { firstMs: 1000, longestMs: 60_000 };
const waitMs = 1000;
/** A step that held the thread for so long is followed by a pause, in which the thread answers those who wait. */
const longMs = 500;
const restMs = 20;

/** Runs one task in this thread: steps, commits when due; after a failure starts again from the last commit. */
export class TaskRunner {
  readonly #options: RunnerOptions;
  #task: Task | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  #paused: boolean;
  #state: QueryState = 'RUNNING';
  #error: NotedError | undefined;
  #isSearching = false;
  #attempt: Attempt | undefined;
  /** The failure of a query in ERROR. */
  #stopped: TaskFailure | undefined;
  /** Set when there may be records, or the loop's state has changed. */
  readonly #event = new AutoResetEvent();
  #unwatch: () => void = () => undefined;
  /** Committed counts of this task and of those before it. */
  readonly #totals = { in: 0, out: 0, errors: 0 };
  #events = noEvents;
  #toldEvents = noEvents;
  readonly #told = { in: 0, out: 0, errors: 0, batchMs: 0, batches: 0 };

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#attempt = options.attempt;
    this.#paused = options.paused;
  }

  /** Starts the loop. A task that cannot start is in ERROR and retried; the node is not affected. */
  async start(): Promise<void> {
    this.#unwatch = this.#options.watch(this.#event);
    try {
      await this.#open();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#options.stands !== undefined) this.#stand(this.#options.stands);
    this.#running = this.#loop();
  }
  #stand(failure: TaskFailure): void {
    this.#state = failure.hasEndedProcesses === true ? 'PAUSED' : 'ERROR';
    this.#stopped = failure;
    this.#error = noted(this.#error, standsAt(failure));
    this.#options.onStopped(failure);
  }
  async #open(): Promise<void> {
    this.#task = this.#options.open(this.#attempt);
    Object.assign(this.#told, { in: 0, out: 0, errors: 0, batchMs: 0, batches: 0 });
    this.#toldEvents = noEvents;
    this.#task.answers.onCome = () => this.#event.set();
    await this.#task.start();
  }
  #fail(error: unknown): void {
    const failure = this.#task!.failure(error);
    this.#state = 'ERROR';
    this.#error = noted(this.#error, failure.message);
    this.#attempt = nextAttempt(failure);
    // What fails is one record, which is about to be found and passed over: no one needs to wait.
    this.#isSearching = this.#attempt !== undefined && failure.isUnforeseen && !failure.passes;
    if (this.#attempt === undefined) this.#stand(failure);
  }

  async #loop(): Promise<void> {
    const backoff = new Backoff(this.#options.pauses ?? defaultPauses);
    while (!this.#stopping) {
      try {
        if (this.#state !== 'RUNNING') {
          if (this.#isSearching) await new Promise((resolve) => setImmediate(resolve));
          else if (this.#stopped === undefined) await this.#pause(backoff.next());
          else await this.#event.wait();
          if (this.#stopping) return;
          if (this.#stopped !== undefined) continue;
          // Uncommitted work is dropped with the caches; the next attempt reads it again.
          await this.#task?.close();
          await this.#open();
          this.#state = 'RUNNING';
          this.#error = undefined;
          this.#isSearching = false;
        }
        await this.#turn(this.#task!);
        backoff.reset();
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Waits, unaffected by appends; only a stop ends it early. */
  async #pause(ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (let left = ms; left > 0 && !this.#stopping; left = end - performance.now()) await this.#event.wait(left);
  }

  async #turn(task: Task): Promise<void> {
    if (this.#paused) {
      if (task.commitIsDue) await this.#commit(task);
      await this.#event.wait();
      return;
    }
    const begun = performance.now();
    const worked = await task.step();
    if (this.#stopping) return;
    if (task.commitIsDue) await this.#commit(task);
    if (performance.now() - begun > longMs) await sleep(restMs);
    else if (worked) await new Promise((resolve) => setImmediate(resolve));
    else {
      const { idleTimeoutMs = Infinity, maxIdleMs = Infinity } = task.spec.settings;
      await this.#event.wait(Math.min(waitMs, idleTimeoutMs, maxIdleMs, task.tickMs));
    }
  }

  async #commit(task: Task): Promise<void> {
    await task.commit();
    const { counts, errors, events } = task;
    const told = this.#told;
    const recordsIn = counts.in - told.in;
    const recordsOut = counts.out - told.out;
    const seconds = (counts.batchMs - told.batchMs) / Math.max(1, counts.batches - told.batches) / 1000;
    this.#totals.in += recordsIn;
    this.#totals.out += recordsOut;
    this.#totals.errors += errors - told.errors;
    Object.assign(told, { ...counts, errors });
    this.#events = addedEvents(this.#events, addedEvents(events, this.#toldEvents, -1));
    this.#toldEvents = { ...events };
    if (recordsIn > 0 || recordsOut > 0) this.#options.onBatch({ recordsIn, recordsOut, seconds, commits: 1 });
  }

  /** Pauses or resumes. A query in ERROR resumes at the failing record, or after `skip` records. */
  setPaused(paused: boolean, skip = 0): void {
    this.#paused = paused;
    if (!paused && this.#stopped !== undefined) {
      this.#attempt = resumedAttempt(this.#stopped, skip);
      this.#stopped = undefined;
    }
    this.#event.set();
  }

  get status(): QueryStatus {
    const error = this.#isSearching ? undefined : this.#error;
    return {
      state: this.#paused ? 'PAUSED' : this.#isSearching ? 'RUNNING' : this.#state,
      error: error?.message,
      errorAt: error?.at,
      stoppedAt: this.#stopped?.place,
      recordsIn: this.#totals.in,
      recordsOut: this.#totals.out,
      errors: this.#totals.errors,
      events: this.#events,
      lag: this.#task?.lag ?? 0,
      stateBytes: 0,
      tasks: 1,
      restored: 0,
    };
  }

  current(key: Row | undefined, at?: number): Iterable<Change> | undefined {
    return this.#task?.current(key, at);
  }
  nearest(wanted: WantedNearest): Promise<readonly Change[] | undefined> | undefined {
    return this.#task?.nearest(wanted);
  }

  /** Ends the loop; the current micro-batch is not committed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unwatch();
    this.#event.set();
    await this.#running;
    await this.#task?.close();
  }
}
