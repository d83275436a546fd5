import type { Row } from '../../types/sql-type.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import type { Change } from '../change.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import type { StoreLocation } from '../stores/cached-store.ts';
import type { FailureSink } from '../failures.ts';

/**
 * Where the changes of a task end up. A task gives it every change of its result in order, and commits its positions only after
 * `flush`. A task that fails is given up with its sinks; the next one opens them anew, calls `recover`, and gives all changes since
 * the last commit again. So a sink delivers exactly once when its writes become visible with the commit (it writes to the task's
 * log, or makes them visible in `committed` and finishes that in `recover`) or when writing a change again changes nothing.
 */
export interface Sink<T = Change> {
  /** Takes changes, without waiting; gives how many records leave for them. One that cannot be written is reported, and left out. */
  write(changes: readonly T[]): number;
  /** Back-pressure: the task waits for it before it takes more input. Undefined while the sink keeps up. */
  pressure?(): Promise<void> | undefined;
  /**
   * A commit begins: when this is over, everything written is where no failure of this process loses it, or it throws. What the sink
   * must remember goes into the state of the same commit, under the sink's own location.
   */
  flush(state: StateWriter): Promise<void> | void;
  /** The commit is done: what `flush` prepared may be shown. When the process dies before this, `recover` does it. */
  committed?(): Promise<void> | void;
  /** Once, before the first write: the state is that of the last commit. Finishes what was committed, drops what was not. */
  recover?(): Promise<void>;
  /** Of a sink that keeps rows in the task's own state: those that it serves, all or of one key. */
  current?(key: Row | undefined): Iterable<Change>;
  /** The task ends or has failed: nothing more is written. */
  close?(): Promise<void> | void;
}

/** What every sink is opened with, beside its own options. */
export interface SinkContext {
  readonly query: string;
  readonly columns: readonly StepColumn[];
  /** Takes what cannot be written, by the sequence number of its change. */
  readonly failures: FailureSink;
  /** The sink's own place in the state of the task. */
  readonly location: StoreLocation;
}
