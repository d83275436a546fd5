import type { Row } from '../../types/sql-type.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/**
 * GROUP BY without windows over a stream, or over a table, whose old rows are retracted. One row per group; groups do not
 * expire.
 */
export class GroupAggregate implements Operator {
  readonly #store: KeyValueStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #nullKeys: boolean;
  readonly #isOne: boolean;
  /**
   * Groups that changed since the last drain, ordered by last change, each with the sequence of that and the row before the
   * first change.
   */
  readonly #changed = new Map<string, { readonly sequence: number; readonly before: Row | undefined }>();

  constructor(
    store: KeyValueStore<GroupState>,
    aggregates: AggregateSet,
    options: {
      readonly conflate: boolean;
      readonly withBefore: boolean;
      /** Whether a group may have NULL in its key. */
      readonly nullKeys: boolean;
      /** Whether all rows are one group, which is there without any row. */
      readonly isOne: boolean;
    },
  ) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#conflate = options.conflate;
    this.#withBefore = options.withBefore;
    this.#nullKeys = options.nullKeys;
    this.#isOne = options.isOne;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    if (changes.length > 8) this.#store.prefetch(changes.map(({ key }) => keyText(key)));
    const result: Change[] = [];
    for (const change of changes) {
      const { key, before, after, timestamp, sequence } = change;
      if ((before === undefined && after === undefined) || (!this.#nullKeys && hasNull(key))) continue;
      const text = keyText(key);
      const stored = this.#store.get(text);
      // A group of nothing but its key stays as it is.
      if (stored !== undefined && this.#aggregates.isEmpty) continue;
      const group: GroupState = stored ?? [key, this.#aggregates.init(timestamp)];
      this.#aggregates.at(told);
      const first = this.#changed.get(text);
      const was =
        first !== undefined ? first.before : this.#withBefore && stored !== undefined ? this.#row(stored) : undefined;
      if (before !== undefined) this.#aggregates.undo(group[1], before);
      this.#aggregates.at(sequence);
      if (after !== undefined) this.#aggregates.add(group[1], after, timestamp);
      else this.#aggregates.pass(group[1], timestamp);
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
    this.#aggregates.at(sequence);
    return new Change(group[0], before, this.#row(group), group[1][0], sequence);
  }

  *current(key?: Row): Iterable<Change> {
    if (key !== undefined) {
      const group = this.#store.get(keyText(key));
      if (group !== undefined) yield this.#change(group, undefined, 0);
      return;
    }
    if (this.#isOne && this.#store.isEmpty) yield this.#change([[], this.#aggregates.init(0)], undefined, 0);
    for (const [, group] of this.#store.entries()) yield this.#change(group, undefined, 0);
  }
}
