import { Change, type Row } from '../change.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/** Makes new rows from rows; keys and missing values stay as they are. Stateless. */
export class Project implements Operator {
  readonly #map: (row: Row) => Row;
  readonly #position: RecordPosition;

  constructor(map: (row: Row) => Row, position: RecordPosition) {
    this.#map = map;
    this.#position = position;
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    const map = this.#map;
    const result: Change[] = new Array<Change>(changes!.length);
    for (let i = 0; i < changes!.length; i++) {
      const { key, before, after, timestamp, sequence, window, headers } = changes![i]!;
      this.#position.sequence = sequence;
      result[i] = new Change(
        key,
        before === undefined ? undefined : map(before),
        after === undefined ? undefined : map(after),
        timestamp,
        sequence,
        window,
        headers,
      );
    }
    return result;
  }
}
