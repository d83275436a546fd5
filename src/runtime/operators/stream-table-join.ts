import { Change, hasNull, rowText, rowTexts, type Row } from '../change.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';

/** How the sides of a join become one row: the key, then each side's columns as the join's columns ask for them. */
export type JoinRow = (key: Row, left: Row | undefined, right: Row | undefined) => Row;

/**
 * Looks up each row of a stream in a table as it is when the row is processed; changes of the table send nothing. The table is
 * kept here. INNER drops rows without a match, LEFT pads them.
 */
export class StreamTableJoin implements Operator {
  readonly #table: KeyValueStore<Row>;
  readonly #inner: boolean;
  readonly #row: JoinRow;

  constructor(table: KeyValueStore<Row>, inner: boolean, row: JoinRow) {
    this.#table = table;
    this.#inner = inner;
    this.#row = row;
  }

  process([left, right]: readonly (readonly Change[])[]): readonly Change[] {
    if (left!.length > 8) this.#table.prefetch(rowTexts(left!));
    const result: Change[] = [];
    mergeInputs(
      left!,
      right!,
      (change) => {
        const { key, after, timestamp, sequence, window, headers } = change;
        if (after === undefined) return;
        const missing = hasNull(key);
        const found = missing ? undefined : this.#table.get(rowText(change));
        if (found === undefined && this.#inner) return;
        result.push(new Change(key, undefined, this.#row(key, after, found), timestamp, sequence, window, headers));
      },
      (change) => {
        if (change.after === undefined) this.#table.delete(rowText(change));
        else this.#table.put(rowText(change), change.after);
      },
    );
    return result;
  }
}
