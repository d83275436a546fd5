import type { Row } from '../../types/sql-type.ts';
import { Change, keyText, rowText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches, JoinRow } from './stream-table-join.ts';

type Side = readonly [row: Row, timestamp: number, key: Row, start?: number, end?: number];

/** Joins two tables by key: a change of either side emits the new joined row, or a tombstone when there is none any more. */
export class TableTableJoin implements Operator {
  readonly #left: KeyValueStore<Side>;
  readonly #right: KeyValueStore<Side>;
  readonly #needsLeft: boolean;
  readonly #needsRight: boolean;
  readonly #row: JoinRow;
  readonly #matches: JoinMatches;

  constructor(
    left: KeyValueStore<Side>,
    right: KeyValueStore<Side>,
    join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL',
    row: JoinRow,
    matches: JoinMatches,
  ) {
    this.#matches = matches;
    this.#left = left;
    this.#right = right;
    this.#needsLeft = join === 'INNER' || join === 'LEFT';
    this.#needsRight = join === 'INNER' || join === 'RIGHT';
    this.#row = row;
  }

  process([leftBatch, rightBatch]: readonly Batch[]): Batch {
    const left = rowsOf(leftBatch!);
    const right = rowsOf(rightBatch!);
    const result: Change[] = [];
    const visit = (change: Change, own: KeyValueStore<Side>, other: KeyValueStore<Side>, isLeft: boolean): void => {
      const text = rowText(change);
      const { window } = change;
      const opposite = other.get(text);
      const was = own.get(text);
      const timestamp = Math.max(change.timestamp, opposite?.[1] ?? 0);
      if (change.after === undefined) own.delete(text);
      else
        own.put(
          text,
          window === undefined
            ? [change.after, change.timestamp, change.key]
            : [change.after, change.timestamp, change.key, window.start, window.end],
        );
      const join = (mine: Row | undefined): Row | undefined =>
        isLeft ? this.#join(change.key, mine, opposite?.[0]) : this.#join(change.key, opposite?.[0], mine);
      const before = join(was?.[0]);
      const after = join(change.after);
      if (before === undefined && after === undefined) return;
      result.push(new Change(change.key, before, after, timestamp, change.sequence, window, change.headers));
    };
    mergeInputs(
      left,
      right,
      (change) => visit(change, this.#left, this.#right, true),
      (change) => visit(change, this.#right, this.#left, false),
    );
    return batchOf(result);
  }

  #join(key: Row, left: Row | undefined, right: Row | undefined): Row | undefined {
    if (left !== undefined && right !== undefined && this.#matches?.(left, right) === false)
      return this.#needsLeft ? this.#join(key, left, undefined) : this.#join(key, undefined, right);
    if (
      (left === undefined && this.#needsLeft) ||
      (right === undefined && this.#needsRight) ||
      (left === undefined && right === undefined)
    )
      return undefined;
    return this.#row(key, left, right);
  }

  *current(key?: Row): Iterable<Change> {
    const texts =
      key === undefined
        ? new Set([...this.#left.entries(), ...this.#right.entries()].map(([text]) => text))
        : [keyText(key)];
    for (const text of texts) {
      const [left, right] = [this.#left.get(text), this.#right.get(text)];
      const side = left ?? right;
      if (side === undefined) continue;
      const [, , own, start, end] = side;
      const row = this.#join(own, left?.[0], right?.[0]);
      const window = start === undefined ? undefined : { start, end: end! };
      if (row !== undefined)
        yield new Change(own, undefined, row, Math.max(left?.[1] ?? 0, right?.[1] ?? 0), 0, window);
    }
  }
}
