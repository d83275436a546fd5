import type { Row } from '../../types/sql-type.ts';
import { Change, keyText, rowText, rowTexts } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

type Stored = readonly [key: Row, row: Row, timestamp: number];

/**
 * Reads a topic as a table: stores the last row of each key, so that every change carries the previous row. A null value
 * deletes the row.
 */
export class TableSource implements Operator {
  readonly #store: KeyValueStore<Stored>;
  readonly #width: number;

  /** `width`: the number of columns of a row. */
  constructor(store: KeyValueStore<Stored>, width: number) {
    this.#store = store;
    this.#width = width;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    if (changes.length > 8) this.#store.prefetch(rowTexts(changes));
    const result = changes.map((change) => {
      const text = rowText(change);
      const before = padded(this.#store.get(text)?.[1], this.#width);
      if (change.after === undefined) this.#store.delete(text);
      else this.#store.put(text, [change.key, change.after, change.timestamp]);
      return new Change(
        change.key,
        before,
        change.after,
        change.timestamp,
        change.sequence,
        change.window,
        change.headers,
      );
    });
    return batchOf(result);
  }

  *current(key?: Row): Iterable<Change> {
    const entries: Iterable<Stored | undefined> =
      key === undefined ? values(this.#store.entries()) : [this.#store.get(keyText(key))];
    for (const stored of entries)
      if (stored !== undefined) yield new Change(stored[0], undefined, padded(stored[1], this.#width), stored[2], 0);
  }
}

/** Rows stored before a query was replaced may lack its new columns, which are NULL. */
function padded<R extends Row | undefined>(row: R, width: number): R {
  if (row === undefined || row.length >= width) return row;
  return [...row, ...new Array<null>(width - row.length).fill(null)] as unknown as R;
}

function* values<V>(entries: Iterable<readonly [string, V]>): Iterable<V> {
  for (const [, value] of entries) yield value;
}
