import type { Row } from '../../types/sql-type.ts';
import { Change, hasNull, replaceRows, rowText, rowTexts } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';

/** How the sides of a join become one row: the key, then each side's columns as the join's columns ask for them. */
export type JoinRow = (key: Row, left: Row | undefined, right: Row | undefined) => Row;
/** Whether two rows that meet are joined; undefined where all are. */
export type JoinMatches = ((left: Row, right: Row) => boolean) | undefined;

/**
 * Looks up each row of a stream in a table as it is when the row is processed; changes of the table send nothing. The table is
 * kept here. INNER drops rows without a match, LEFT pads them.
 */
export class StreamTableJoin implements Operator {
  readonly #table: KeyValueStore<Row>;
  readonly #inner: boolean;
  readonly #row: JoinRow;
  readonly #inPlace: boolean;
  readonly #matches: JoinMatches;

  /** `inPlace` says that the stream's changes are given to this join alone. */
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

  /** Rows that find the table as it is: all looks are made first, so that the memory behind them is waited for together. */
  #matched(changes: readonly Change[]): readonly Change[] {
    const found = new Array<Row | undefined>(changes.length);
    for (let i = 0; i < changes.length; i++) found[i] = this.#look(changes[i]!);
    const result: Change[] = [];
    for (let i = 0; i < changes.length; i++) this.#join(changes[i]!, found[i], result);
    return result;
  }

  #look(change: Change): Row | undefined {
    if (hasNull(change.key)) return undefined;
    const found = this.#table.get(rowText(change));
    if (this.#matches === undefined || found === undefined || change.after === undefined) return found;
    return this.#matches(change.after, found) ? found : undefined;
  }

  #join(change: Change, found: Row | undefined, result: Change[]): void {
    const { key, after, timestamp, sequence, window, headers } = change;
    if (after === undefined || (found === undefined && this.#inner)) return;
    const row = this.#row(key, after, found);
    if (this.#inPlace) {
      replaceRows(change, undefined, row);
      result.push(change);
    } else result.push(new Change(key, undefined, row, timestamp, sequence, window, headers));
  }
}
