import type { Row } from '../../types/sql-type.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/** How a rekey sees rows: `keys` evaluates the new key, `rest` takes the other columns, both on an input row. */
export interface RekeyShape {
  readonly keys: (row: Row) => Row;
  readonly rest: (row: Row) => Row;
  /** An input row without values, for a record whose value is null: its key columns alone. */
  readonly keyOnly: (key: Row) => Row;
  /** Which parts of the new key need the values: those are null for a record whose value is null. */
  readonly readsValues: readonly boolean[];
  readonly dropNullKeys: boolean;
}

/** A new key for a stream. A record without a value keeps its missing value under the new key. Stateless. */
export class StreamRekey implements Operator {
  readonly #shape: RekeyShape;
  readonly #position: RecordPosition;

  constructor(shape: RekeyShape, position: RecordPosition) {
    this.#shape = shape;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const { keys, rest, keyOnly, readsValues, dropNullKeys } = this.#shape;
    const result: Change[] = [];
    for (const change of changes) {
      this.#position.sequence = change.sequence;
      const key =
        change.after === undefined
          ? keys(keyOnly(change.key)).map((part, i) => (readsValues[i] === true ? null : part))
          : keys(change.after);
      if (dropNullKeys && (hasNull(key) || change.after === undefined)) continue;
      const after = change.after && [...key, ...rest(change.after)];
      result.push(new Change(key, undefined, after, change.timestamp, change.sequence, change.window, change.headers));
    }
    return batchOf(result);
  }
}

/**
 * The grouping of a table: what a row was is taken back under its old key, what it is added under the new one. Both travel as
 * changes of their own when the keys differ. Stateless.
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
      this.#position.sequence = change.sequence;
      const before = this.#move(change.before);
      const after = this.#move(change.after);
      const { timestamp, sequence, window } = change;
      if (before !== undefined && after !== undefined && sameKey(before.key, after.key)) {
        result.push(new Change(after.key, before.row, after.row, timestamp, sequence, window));
        continue;
      }
      if (before !== undefined) result.push(new Change(before.key, before.row, undefined, timestamp, sequence, window));
      if (after !== undefined) result.push(new Change(after.key, undefined, after.row, timestamp, sequence, window));
    }
    return batchOf(result);
  }

  #move(row: Row | undefined): { key: Row; row: Row } | undefined {
    if (row === undefined) return undefined;
    const key = this.#shape.keys(row);
    return hasNull(key) ? undefined : { key, row: [...key, ...this.#shape.rest(row)] };
  }
}

const sameKey = (a: Row, b: Row): boolean => a.every((part, i) => part === b[i]) || keyText(a) === keyText(b);
