import type { Row } from '../../types/sql-type.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/** GROUP BY over a stream without windows, or over a table, whose former rows are taken back. One row for each group, forever. */
export class GroupAggregate implements Operator {
  readonly #store: KeyValueStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  /** Groups that changed since the last drain, with the sequence of their last change, in its order, and their row before the first. */
  readonly #changed = new Map<string, { readonly sequence: number; readonly before: Row | undefined }>();

  constructor(
    store: KeyValueStore<GroupState>,
    aggregates: AggregateSet,
    options: { readonly conflate: boolean; readonly withBefore: boolean },
  ) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#conflate = options.conflate;
    this.#withBefore = options.withBefore;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    if (changes.length > 8) this.#store.prefetch(changes.map(({ key }) => keyText(key)));
    const result: Change[] = [];
    for (const change of changes) {
      const { key, before, after, timestamp, sequence } = change;
      if ((before === undefined && after === undefined) || hasNull(key)) continue;
      const text = keyText(key);
      const stored = this.#store.get(text);
      const group: GroupState = stored ?? [key, this.#aggregates.init(timestamp)];
      const first = this.#changed.get(text);
      const was =
        first !== undefined ? first.before : this.#withBefore && stored !== undefined ? this.#row(stored) : undefined;
      if (before !== undefined) this.#aggregates.undo(group[1], before);
      if (after !== undefined) this.#aggregates.add(group[1], after, timestamp);
      else if (timestamp > group[1][0]) group[1][0] = timestamp;
      this.#store.put(text, group);
      if (!this.#conflate) result.push(this.#change(group, was, sequence));
      else {
        this.#changed.delete(text);
        this.#changed.set(text, { sequence, before: was });
      }
    }
    return batchOf(result);
  }

  *drain(): Iterable<Batch> {
    for (const piece of pieces([...this.#changed]))
      yield batchOf(
        piece.map(([text, { sequence, before }]) => this.#change(this.#store.get(text)!, before, sequence)),
      );
    this.#changed.clear();
  }

  #row([key, states]: GroupState): Row {
    const row = this.#aggregates.row(key, states, 1);
    row[row.length - 1] = states[0];
    return row;
  }
  #change(group: GroupState, before: Row | undefined, sequence: number): Change {
    return new Change(group[0], before, this.#row(group), group[1][0], sequence);
  }

  *current(key?: Row): Iterable<Change> {
    if (key !== undefined) {
      const group = this.#store.get(keyText(key));
      if (group !== undefined) yield this.#change(group, undefined, 0);
      return;
    }
    for (const [, group] of this.#store.entries()) yield this.#change(group, undefined, 0);
  }
}
