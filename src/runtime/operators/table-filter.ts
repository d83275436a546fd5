import { Change, type Row } from '../change.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/**
 * Keeps the rows of a table that satisfy a predicate. A row that does not becomes a tombstone, also when it never did before, as
 * ksqlDB's tables send it. Stateless.
 */
export class TableFilter implements Operator {
  readonly #matches: (row: Row) => boolean;
  readonly #position: RecordPosition;

  constructor(matches: (row: Row) => boolean, position: RecordPosition) {
    this.#matches = matches;
    this.#position = position;
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    return changes!.map((change) => {
      this.#position.sequence = change.sequence;
      const before = this.#keep(change.before);
      const after = this.#keep(change.after);
      if (before === change.before && after === change.after) return change;
      return new Change(change.key, before, after, change.timestamp, change.sequence, change.window, change.headers);
    });
  }

  #keep(row: Row | undefined): Row | undefined {
    return row !== undefined && this.#matches(row) ? row : undefined;
  }
}
