import { firstDifference } from '../../types/compare.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { hasNull, type Change } from '../change.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import { pendingChange, PendingRows, type PendingRow, type ReleasedRow } from '../pending-rows.ts';
import type { WindowStore } from '../stores/window-store.ts';

export interface SortParts {
  readonly partitionBy: (row: Row) => Row;
  readonly orderBy: (row: Row) => Value;
  /** The keys of the order of the rows of one time, before that of arrival; none: by arrival alone. */
  readonly sortKeys: readonly ((row: Row) => Value)[];
  readonly compare: readonly ((a: Value, b: Value) => number)[];
  readonly graceMs: number;
  readonly position: RecordPosition;
  /** Called with each row that is dropped as later than the grace. */
  readonly onLate: (change: Change) => void;
}

/** Sends the rows of a stream in order of their time, once stream time has passed it and the grace. */
export class Sort implements Operator {
  readonly #store: WindowStore<PendingRow>;
  readonly #pending: PendingRows;
  readonly #parts: SortParts;

  constructor(store: WindowStore<PendingRow>, parts: SortParts) {
    this.#store = store;
    this.#parts = parts;
    this.#pending = new PendingRows(store, parts.graceMs, store.meta);
  }

  process([batch]: readonly Batch[]): Batch {
    const { partitionBy, orderBy, graceMs, position, onLate } = this.#parts;
    const pending = this.#pending;
    /** The time before which the record of a sequence number released all rows, ascending. */
    const passed: (readonly [limit: number, sequence: number])[] = [];
    for (const change of rowsOf(batch!)) {
      const { after, sequence } = change;
      if (after === undefined) continue;
      position.sequence = sequence;
      const value = orderBy(after);
      if (value === null || hasNull(partitionBy(after))) continue;
      const time = Number(value);
      if (pending.isLate(time)) {
        onLate(change);
        continue;
      }
      pending.add(time, change, after);
      if (pending.advance(time)) passed.push([time - graceMs, sequence]);
    }
    return this.#released(passed);
  }

  closeIdle(): Batch {
    return this.#released([[this.#pending.streamTime + 1, 0]]);
  }

  /** Releases what stream time has passed; each row leaves with the sequence number of the record by which it has. */
  #released(passed: readonly (readonly [limit: number, sequence: number])[]): Batch {
    const result: Change[] = [];
    let at = 0;
    this.#pending.release(passed.at(-1)?.[0] ?? -Infinity, (time, rows) => {
      while (passed[at]![0] <= time) at++;
      for (const { stored } of this.#sorted(rows)) result.push(pendingChange(stored, passed[at]![1]));
    });
    this.#store.setMeta(this.#pending.state);
    return batchOf(result);
  }

  #sorted(rows: readonly ReleasedRow[]): readonly ReleasedRow[] {
    const { sortKeys, compare } = this.#parts;
    if (sortKeys.length === 0 || rows.length === 1) return rows;
    return rows
      .map((row) => ({ row, keys: sortKeys.map((sortKey) => sortKey(row.stored[1])) }))
      .sort((a, b) => firstDifference(compare, a.keys, b.keys))
      .map(({ row }) => row);
  }
}
