import type { Row } from '../types/sql-type.ts';
import type { Batch } from './batch.ts';
import type { Change } from './change.ts';

/**
 * A step of a running query. In each micro-batch `process` is called once or several times, in topological order, with one batch per
 * input; then `drain` is called once. An operator with several inputs merges them by sequence number.
 *
 * The contract, which `test/support/checked.ts` checks for every operator in all tests:
 * - the output equals that of processing one change at a time in order of sequence, unless the operator conflates;
 * - the output is in order of sequence;
 * - an operator never throws for bad data (it reports and continues), and never reads another operator's store;
 * - all of its state is in its stores, so that a restarted task continues from the last commit.
 */
export interface Operator {
  process(inputs: readonly Batch[]): Batch | Promise<Batch>;
  /**
   * For an operator that conflates: emits the changes that `process` has held back since the last call, in order of their last
   * change, in pieces that are small enough for the young generation of the heap. Called before state is flushed.
   */
  drain?(): Iterable<Batch>;
  /**
   * For an operator that waits for stream time: emits what it holds now and treats its windows as closed. Called after no input
   * has come for `ksql.idle.timeout.ms`.
   */
  closeIdle?(): Batch;
  /**
   * For an operator that also goes by the clock: emits what is due by it. Called while no input is waiting, at the interval that the
   * step asks for.
   */
  tick?(): Batch;
  /** For an operator with rows in hand that are in none of its stores: puts them there. Called before state is flushed. */
  keep?(): void;
  /** For an operator that holds a table: its rows for pull queries, all or those of one key. */
  current?(key?: Row): Iterable<Change>;
  /** For an operator with frames of time: the values of its calls over a key's frames as they are at a time. */
  valuesAt?(key: Row, time: number): ValuesAt;
}

/** Values of calls, null for those that are not over frames of time. */
export interface ValuesAt {
  readonly values: Row;
  /** Whether the key has nothing here. */
  readonly isEmpty: boolean;
}

/** The sequence number for a row that was there before the change in work: its errors were told of when it came. */
export const told = -1;

/** The position of the record that is being processed, for error reports; operators set its sequence number, or `told`. */
export interface RecordPosition {
  sequence: number;
}
