import type { Erasures } from '../../specs/erasure.ts';
import type { Row } from '../../types/sql-type.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import type { Change } from '../change.ts';
import type { OnlineStores } from '../ports/online-store.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import type { StoreLocation } from '../stores/cached-store.ts';
import type { FailureSink } from '../failures.ts';
import type { Origins } from '../task/input-merger.ts';

/**
 * Where a task's result goes. The task passes every change to it in order, and commits its positions only after `flush`. When a
 * task fails, its sinks are closed; the restarted task opens them again, calls `recover`, and repeats all changes since the
 * last commit. A sink is therefore exactly-once if its writes become visible with the commit (it writes to the task's log, or
 * makes them visible in `committed` and completes that in `recover`), or if repeating a write has no effect.
 */
export interface Sink<T = Change> {
  /** Writes changes without waiting; returns the number of records. A change that cannot be written is reported and skipped. */
  write(changes: readonly T[]): number;
  /** Back-pressure: the task waits for this promise before it reads more input. Undefined while the sink keeps up. */
  pressure?(): Promise<void> | undefined;
  /**
   * First part of a commit: resolves when everything written is durable, else throws. What the sink must remember is written to
   * the state of the same commit, at the sink's location.
   */
  flush(state: StateWriter): Promise<void> | void;
  /** Whether a commit is due although the task has read nothing since the last one. */
  readonly isDue?: boolean;
  /**
   * For a sink that keeps rows back over commits: the position of the input's partition that a commit must not pass, which is asked
   * for after `flush`. Undefined when it keeps back nothing of this partition.
   */
  held?(partition: number): number | undefined;
  /** The commit succeeded: make visible what `flush` prepared. After a crash before this call, `recover` does it. */
  committed?(): Promise<void> | void;
  /** Called once before the first write, with the state of the last commit: completes committed writes and discards others. */
  recover?(): Promise<void>;
  /** For a sink that keeps rows in the task's state: the rows that it serves, all or those of one key. */
  current?(key: Row | undefined): Iterable<Change>;
  /** The task ends or has failed: nothing more is written. */
  close?(): Promise<void> | void;
}

/** What every sink is opened with, beside its options. */
export interface SinkContext {
  readonly query: string;
  readonly columns: readonly StepColumn[];
  /** Takes changes that cannot be written, by their sequence number. */
  readonly failures: FailureSink;
  /** The records that caused the changes of a micro-batch. */
  readonly origins: Pick<Origins, 'headersOf' | 'hasHeaders' | 'of'>;
  /** The sink's location in the task's state. */
  readonly location: StoreLocation;
  readonly stores?: OnlineStores | undefined;
  /** The entities that it must not have any more. */
  readonly erased?: Erasures | undefined;
  /** The changes that the query's topic could not take: sinks behind the topic's do not take them either. */
  readonly refused?: WeakSet<Change> | undefined;
  /** The one partition of the input that the task reads; undefined where it reads all. */
  readonly partition?: number | undefined;
}
