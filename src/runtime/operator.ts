import type { Row } from '../types/sql-type.ts';
import type { Batch } from './batch.ts';
import type { Change } from './change.ts';

/**
 * One step of a running query. A micro-batch is one call of `process` or several, in topological order, with one batch
 * an input, then one of `drain`; an operator with several inputs merges them by sequence number.
 *
 * Contract, which `test/support/checked.ts` holds every operator to in all tests:
 * - the result is that of one change at a time, in order of sequence, unless the operator conflates;
 * - the changes that it gives are in order of sequence;
 * - it never throws for bad data (it reports and goes on), and never reads another operator's store;
 * - all that it remembers is in the stores that it was given, so that a restart goes on where a commit ended.
 */
export interface Operator {
  process(inputs: readonly Batch[]): Batch | Promise<Batch>;
  /**
   * For an operator that conflates: the rows that `process` held back since the last call, in order of their last change and in
   * pieces small enough to be forgotten young. State is not to be flushed before.
   */
  drain?(): Iterable<Batch>;
  /**
   * For an operator whose rows wait for stream time to pass: gives them now, and takes their windows as over. Called when there was
   * no input for as long as `ksql.idle.timeout.ms` says.
   */
  closeIdle?(): Batch;
  /** The rows of an operator that holds a table, for pull queries: all, or those of one key. */
  current?(key?: Row): Iterable<Change>;
}

/** The record that is being processed, for reports about it: operators say its sequence number as they go. */
export interface RecordPosition {
  sequence: number;
}
