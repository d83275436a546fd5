import type { Value } from '../../types/sql-type.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText, keyTexts, type Row } from '../change.ts';
import type { Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/** GROUP BY over a stream without windows, or over a table, whose former rows are taken back. One row for each group, forever. */
export class GroupAggregate implements Operator {
  readonly #store: KeyValueStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #conflate: boolean;
  /** Groups that changed since the last drain, with the sequence of their last change, in its order. */
  readonly #changed = new Map<string, number>();

  constructor(store: KeyValueStore<GroupState>, aggregates: AggregateSet, conflate: boolean) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#conflate = conflate;
  }

  process([changes]: readonly (readonly Change[])[]): readonly Change[] {
    if (changes!.length > 8) this.#store.prefetch(keyTexts(changes!));
    const result: Change[] = [];
    for (const change of changes!) {
      const { key, before, after, timestamp, sequence } = change;
      if ((before === undefined && after === undefined) || hasNull(key)) continue;
      const text = keyText(key);
      const group: GroupState = this.#store.get(text) ?? [timestamp, key, this.#aggregates.init()];
      if (before !== undefined) this.#aggregates.undo(group[2], before);
      if (after !== undefined) this.#aggregates.add(group[2], after);
      if (timestamp > group[0]) group[0] = timestamp;
      this.#store.put(text, group);
      if (!this.#conflate) result.push(this.#row(group, sequence));
      else {
        this.#changed.delete(text);
        this.#changed.set(text, sequence);
      }
    }
    return result;
  }

  *drain(): Iterable<readonly Change[]> {
    for (const piece of pieces([...this.#changed]))
      yield piece.map(([text, sequence]) => this.#row(this.#store.get(text)!, sequence));
    this.#changed.clear();
  }

  #row([timestamp, key, states]: GroupState, sequence: number): Change {
    const row: Value[] = [...key];
    this.#aggregates.results(states, row);
    row.push(timestamp);
    return new Change(key, undefined, row, timestamp, sequence);
  }

  *current(key?: Row): Iterable<Change> {
    if (key !== undefined) {
      const group = this.#store.get(keyText(key));
      if (group !== undefined) yield this.#row(group, 0);
      return;
    }
    for (const [, group] of this.#store.entries()) yield this.#row(group, 0);
  }
}
