import type { Change } from './change.ts';

declare const form: unique symbol;

/**
 * What goes from one operator to the next: a list of changes in order of sequence. Those who only hand batches on (pipelines, tasks)
 * do not look inside, so that another form than rows can come behind the same calls; who works on changes asks for the rows. A batch
 * is the list itself, at no cost: it is never changed, and its rows are not held beyond the call without being copied.
 */
export interface Batch {
  readonly [form]: 'rows';
}

/** The changes of a batch, in order of sequence. */
export const rowsOf = (batch: Batch): readonly Change[] => batch as unknown as readonly Change[];
/** Changes as a batch: they are in order of sequence, and stay as they are. */
export const batchOf = (changes: readonly Change[]): Batch => changes as unknown as Batch;

/** The batch without changes. */
export const noChanges: Batch = batchOf([]);
/** How many changes a batch has. */
export const sizeOf = (batch: Batch): number => rowsOf(batch).length;
/** Batches one behind the other as one. */
export const joined = (batches: readonly Batch[]): Batch =>
  batches.length === 1 ? batches[0]! : batchOf(batches.flatMap(rowsOf));
