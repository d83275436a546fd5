import type { Row } from '../../types/sql-type.ts';
import { Change, hasNull, keyText, moveChange } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';

/** What becomes of rows under another key. */
export interface RekeyShape {
  /** Evaluates the new key from an input row. */
  readonly keys: (row: Row) => Row;
  /** The new row of an input row: the new key, and behind it other columns. */
  readonly moved: (row: Row) => Row;
  /** An input row with only the key columns set, for a record with a null value. */
  readonly keyOnly: (key: Row) => Row;
  /** Which parts of the new key read value columns: these are NULL for a record with a null value. */
  readonly readsValues: readonly boolean[];
  readonly dropNullKeys: boolean;
}

/**
 * Changes the key of a stream. A record with a null value keeps it under the new key. Stateless. If it owns its input's changes, it
 * modifies them in place.
 */
export class StreamRekey implements Operator {
  readonly #shape: RekeyShape;
  readonly #position: RecordPosition;
  readonly #inPlace: boolean;

  constructor(shape: RekeyShape, position: RecordPosition, inPlace: boolean) {
    this.#shape = shape;
    this.#position = position;
    this.#inPlace = inPlace;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const { keys, moved, keyOnly, readsValues, dropNullKeys } = this.#shape;
    const width = readsValues.length;
    const result: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = change.sequence;
      const after = change.after && moved(change.after);
      const key =
        after === undefined
          ? keys(keyOnly(change.key)).map((part, i) => (readsValues[i] === true ? null : part))
          : keyOf(after, width);
      if (dropNullKeys && (after === undefined || hasNull(key))) continue;
      if (this.#inPlace) {
        moveChange(change, key, after);
        result.push(change);
      } else
        result.push(
          new Change(key, undefined, after, change.timestamp, change.sequence, change.window, change.headers),
        );
    }
    return batchOf(result);
  }
}

/**
 * Changes the key of a table, for grouping: the previous row is retracted under its old key and the new row is added under its
 * new key, as two changes when the keys differ. Stateless.
 */
export class TableRekey implements Operator {
  readonly #shape: RekeyShape;
  readonly #position: RecordPosition;

  constructor(shape: RekeyShape, position: RecordPosition) {
    this.#shape = shape;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = told;
      const before = this.#move(change.before);
      this.#position.sequence = change.sequence;
      const after = this.#move(change.after);
      const { timestamp, sequence, window, headers } = change;
      if (before !== undefined && after !== undefined && sameKey(before.key, after.key)) {
        result.push(new Change(after.key, before.row, after.row, timestamp, sequence, window, headers));
        continue;
      }
      if (before !== undefined)
        result.push(new Change(before.key, before.row, undefined, timestamp, sequence, window, headers));
      if (after !== undefined)
        result.push(new Change(after.key, undefined, after.row, timestamp, sequence, window, headers));
    }
    return batchOf(result);
  }

  #move(row: Row | undefined): { key: Row; row: Row } | undefined {
    if (row === undefined) return undefined;
    const { moved, readsValues } = this.#shape;
    const after = moved(row);
    const key = keyOf(after, readsValues.length);
    return hasNull(key) ? undefined : { key, row: after };
  }
}

const keyOf = (moved: Row, width: number): Row => (width === 1 ? [moved[0]!] : moved.slice(0, width));
const sameKey = (a: Row, b: Row): boolean => a.every((part, i) => part === b[i]) || keyText(a) === keyText(b);
