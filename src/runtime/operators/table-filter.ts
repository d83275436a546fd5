import type { Row } from '../../types/sql-type.ts';
import { Change } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/**
 * Keeps the rows of a table that satisfy a predicate. A row that does not becomes a tombstone: behind a source also when it never
 * did before, as ksqlDB's tables send it, and behind an aggregation (HAVING) only when it did. Stateless.
 */
export class TableFilter implements Operator {
  readonly #matches: (row: Row) => boolean;
  readonly #knowsBefore: boolean;
  readonly #position: RecordPosition;

  constructor(matches: (row: Row) => boolean, knowsBefore: boolean, position: RecordPosition) {
    this.#matches = matches;
    this.#knowsBefore = knowsBefore;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = change.sequence;
      const before = this.#keep(change.before);
      const after = this.#keep(change.after);
      if (before === undefined && after === undefined && this.#knowsBefore) continue;
      const { key, timestamp, sequence, window, headers } = change;
      const same = before === change.before && after === change.after;
      result.push(same ? change : new Change(key, before, after, timestamp, sequence, window, headers));
    }
    return batchOf(result);
  }

  #keep(row: Row | undefined): Row | undefined {
    return row !== undefined && this.#matches(row) ? row : undefined;
  }
}
