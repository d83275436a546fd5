import type { Change, Row } from '../change.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/** Keeps the rows of a stream that satisfy a predicate; rows without a value never do. Stateless. */
export class StreamFilter implements Operator {
  readonly #matches: (row: Row) => boolean;
  readonly #position: RecordPosition;

  constructor(matches: (row: Row) => boolean, position: RecordPosition) {
    this.#matches = matches;
    this.#position = position;
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    const kept: Change[] = [];
    for (const change of changes!) {
      this.#position.sequence = change.sequence;
      if (change.after !== undefined && this.#matches(change.after)) kept.push(change);
    }
    return kept;
  }
}
