import { setImmediate } from 'node:timers/promises';
import type { Change } from './change.ts';

/** How many rows are read at a time: what a reader of many rows has in memory, and how long it holds the thread. */
const batchLength = 500;

/** The rows of a list in batches; a reader that stops closes the list. */
export function* batched<T>(rows: Iterable<T>): Generator<readonly T[], undefined> {
  let batch: T[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < batchLength) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Rows of the lists in batches. Other work of the thread goes on between two of them. */
export async function* inBatches(lists: readonly Iterable<Change>[]): AsyncIterable<readonly Change[]> {
  let isFirst = true;
  for (const list of lists)
    for (const batch of batched(list)) {
      if (!isFirst) await setImmediate();
      isFirst = false;
      yield batch;
    }
}
