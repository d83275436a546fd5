import type { Row } from '../../types/sql-type.ts';
import { Change, replaceRows } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';

/**
 * Computes new rows; keys and null values are unchanged. Stateless. If it owns its input's changes, it modifies them in place.
 */
export class Project implements Operator {
  readonly #map: (row: Row) => Row;
  readonly #position: RecordPosition;
  readonly #inPlace: boolean;

  constructor(map: (row: Row) => Row, position: RecordPosition, inPlace: boolean) {
    this.#map = map;
    this.#position = position;
    this.#inPlace = inPlace;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const map = this.#map;
    const result = this.#inPlace ? undefined : new Array<Change>(changes.length);
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!;
      const { key, timestamp, sequence, window, headers } = change;
      let before: Row | undefined;
      if (change.before !== undefined) {
        this.#position.sequence = told;
        before = map(change.before);
      }
      this.#position.sequence = sequence;
      const after = change.after === undefined ? undefined : map(change.after);
      if (result === undefined) replaceRows(change, before, after);
      else result[i] = new Change(key, before, after, timestamp, sequence, window, headers);
    }
    return result === undefined ? batch! : batchOf(result);
  }
}
