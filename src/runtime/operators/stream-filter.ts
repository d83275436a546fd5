import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/** Keeps the rows of a stream that satisfy a predicate; drops null values. Stateless. */
export class StreamFilter implements Operator {
  readonly #matches: (row: Row) => boolean;
  readonly #position: RecordPosition;

  constructor(matches: (row: Row) => boolean, position: RecordPosition) {
    this.#matches = matches;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const kept: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = change.sequence;
      if (change.after !== undefined && this.#matches(change.after)) kept.push(change);
    }
    return batchOf(kept);
  }
}
