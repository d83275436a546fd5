import type { Row } from '../../types/sql-type.ts';
import { Change } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';

/**
 * Keeps the rows of a table that satisfy a predicate. A row that does not match becomes a tombstone when it matched before; in plans of
 * former versions, where the input does not know the row before, always. Stateless.
 */
export class TableFilter implements Operator {
  readonly #matches: (row: Row) => boolean;
  readonly #knowsBefore: boolean;
  readonly #distinct: { readonly time?: number } | undefined;
  readonly #position: RecordPosition;

  /** With `distinct` a row that was there before is dropped, unless its time, where it has a slot, is another one. */
  constructor(
    matches: (row: Row) => boolean,
    knowsBefore: boolean,
    distinct: { readonly time?: number } | undefined,
    position: RecordPosition,
  ) {
    this.#matches = matches;
    this.#knowsBefore = knowsBefore;
    this.#distinct = distinct;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = told;
      const before = this.#keep(change.before);
      this.#position.sequence = change.sequence;
      const after = this.#keep(change.after);
      if (before === undefined && after === undefined && this.#knowsBefore) continue;
      if (this.#distinct !== undefined && this.#isTold(before, after)) continue;
      const { key, timestamp, sequence, window, headers } = change;
      const same = before === change.before && after === change.after;
      result.push(same ? change : new Change(key, before, after, timestamp, sequence, window, headers));
    }
    return batchOf(result);
  }

  #isTold(before: Row | undefined, after: Row | undefined): boolean {
    const time = this.#distinct!.time;
    return before !== undefined && after !== undefined && (time === undefined || before[time] === after[time]);
  }

  #keep(row: Row | undefined): Row | undefined {
    return row !== undefined && this.#matches(row) ? row : undefined;
  }
}
