import type { Change } from './change.ts';

declare const form: unique symbol;

/**
 * What operators pass on: changes in order of sequence. Pipelines and tasks treat it as opaque, so that another representation
 * than rows can be added; operators call `rowsOf`. At run time a batch is the array of changes itself. It is immutable, and its
 * rows are only valid during the call unless copied.
 */
export interface Batch {
  readonly [form]: 'rows';
}

/** The changes of a batch, in order of sequence. */
export const rowsOf = (batch: Batch): readonly Change[] => batch as unknown as readonly Change[];
/** A batch of changes, which are in order of sequence and no longer modified. */
export const batchOf = (changes: readonly Change[]): Batch => changes as unknown as Batch;

/** The empty batch. */
export const noChanges: Batch = batchOf([]);
/** The number of changes in a batch. */
export const sizeOf = (batch: Batch): number => rowsOf(batch).length;
/** Concatenates batches. */
export const joined = (batches: readonly Batch[]): Batch =>
  batches.length === 1 ? batches[0]! : batchOf(batches.flatMap(rowsOf));
