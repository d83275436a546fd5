import type { Row } from '../../types/sql-type.ts';
import { Change, hasNull, replaceRows, rowText, rowTexts } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';

/** Builds the joined row: its columns are taken from the key and the two sides. */
export type JoinRow = (key: Row, left: Row | undefined, right: Row | undefined) => Row;
/** Whether two rows with the same key match; undefined when all do. */
export type JoinMatches = ((left: Row, right: Row) => boolean) | undefined;

/**
 * Joins each row of a stream with the table's row at the time of processing; changes of the table emit nothing. The table is
 * stored here. INNER drops rows without a match, LEFT pads them with NULLs.
 */
export class StreamTableJoin implements Operator {
  readonly #table: KeyValueStore<Row>;
  readonly #inner: boolean;
  readonly #row: JoinRow;
  readonly #inPlace: boolean;
  readonly #matches: JoinMatches;

  /** `inPlace`: the stream's changes are owned by this join. */
  constructor(table: KeyValueStore<Row>, inner: boolean, row: JoinRow, inPlace: boolean, matches: JoinMatches) {
    this.#matches = matches;
    this.#table = table;
    this.#inner = inner;
    this.#row = row;
    this.#inPlace = inPlace;
  }

  process([leftBatch, rightBatch]: readonly Batch[]): Batch {
    const left = rowsOf(leftBatch!);
    const right = rowsOf(rightBatch!);
    if (left.length > 8) this.#table.prefetch(rowTexts(left));
    if (right.length === 0) return batchOf(this.#matched(left));
    const result: Change[] = [];
    mergeInputs(
      left,
      right,
      (change) => this.#join(change, this.#look(change), result),
      (change) => {
        if (change.after === undefined) this.#table.delete(rowText(change));
        else this.#table.put(rowText(change), change.after);
      },
    );
    return batchOf(result);
  }

  /** Joins rows with the current table. All lookups come first, so that their cache misses overlap. */
  #matched(changes: readonly Change[]): readonly Change[] {
    const tableRows = new Array<Row | undefined>(changes.length);
    for (let i = 0; i < changes.length; i++) tableRows[i] = this.#look(changes[i]!);
    const result: Change[] = [];
    for (let i = 0; i < changes.length; i++) this.#join(changes[i]!, tableRows[i], result);
    return result;
  }

  #look(change: Change): Row | undefined {
    if (hasNull(change.key)) return undefined;
    const tableRow = this.#table.get(rowText(change));
    if (this.#matches === undefined || tableRow === undefined || change.after === undefined) return tableRow;
    return this.#matches(change.after, tableRow) ? tableRow : undefined;
  }

  #join(change: Change, tableRow: Row | undefined, result: Change[]): void {
    const { key, after, timestamp, sequence, window, headers } = change;
    if (after === undefined || (tableRow === undefined && this.#inner)) return;
    const row = this.#row(key, after, tableRow);
    if (this.#inPlace) {
      replaceRows(change, undefined, row);
      result.push(change);
    } else result.push(new Change(key, undefined, row, timestamp, sequence, window, headers));
  }
}
