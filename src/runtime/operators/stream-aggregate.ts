import type { Row } from '../../types/sql-type.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { KeyExpiry, KeyOwner } from '../key-expiry.ts';
import { told, type Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/** What a group that has rows of a table says in place of its last touch: it cannot be forgotten. */
const never = -1;

/**
 * GROUP BY without windows over a stream, or over a table, whose old rows are retracted. One row per group; groups expire by STATE_TTL
 * only, those of a table when they have had no rows for so long.
 */
export class GroupAggregate implements Operator {
  readonly #store: KeyValueStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #nullKeys: boolean;
  readonly #isOne: boolean;
  readonly #ofTable: boolean;
  readonly #expiry: KeyExpiry | undefined;
  /** Groups that changed since the last drain, ordered by last change. */
  readonly #changed = new Map<string, Moment>();

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
      /** Whether the rows are a table's, which are taken back one day. */
      readonly ofTable: boolean;
      /** STATE_TTL; undefined: no group is forgotten. With it rows before must be known. */
      readonly expiry: KeyExpiry | undefined;
    },
  ) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#conflate = options.conflate;
    this.#withBefore = options.withBefore;
    this.#nullKeys = options.nullKeys;
    this.#isOne = options.isOne;
    this.#ofTable = options.ofTable;
    this.#expiry = options.expiry;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    if (changes.length > 8) this.#store.prefetch(changes.map(({ key }) => keyText(key)));
    const result: Change[] = [];
    for (const change of changes) {
      const { key, before, after, timestamp, sequence } = change;
      if ((before === undefined && after === undefined) || (!this.#nullKeys && hasNull(key))) continue;
      const text = keyText(key);
      this.#expiry?.advance(timestamp, this.#ownerAt(sequence, result));
      const stored = this.#store.get(text);
      // A group of nothing but its key stays as it is.
      if (stored !== undefined && this.#aggregates.isEmpty) {
        if (this.#touch(text, stored, 0)) this.#store.put(text, stored);
        continue;
      }
      const group: GroupState = stored ?? [key, this.#aggregates.init(this.#expiry?.begin(timestamp) ?? timestamp)];
      this.#aggregates.at(told);
      const first = this.#changed.get(text);
      const was =
        first !== undefined ? first.before : this.#withBefore && stored !== undefined ? this.#row(stored) : undefined;
      if (before !== undefined) this.#aggregates.undo(group[1], before);
      this.#aggregates.at(sequence);
      if (after !== undefined) this.#aggregates.add(group[1], after, timestamp);
      else this.#aggregates.pass(group[1], timestamp);
      this.#touch(text, group, Number(after !== undefined) - Number(before !== undefined));
      this.#store.put(text, group);
      if (!this.#conflate) result.push(this.#change(group, was, sequence));
      else this.#hold(text, { key, sequence, before: was, end: first?.end });
    }
    return batchOf(result);
  }

  #hold(text: string, moment: Moment): void {
    this.#changed.delete(text);
    this.#changed.set(text, moment);
  }

  /** Notes that a group has changed, and says whether there is anything to note. `rows`: how many more it has. */
  #touch(text: string, group: GroupState, rows: number): boolean {
    if (this.#expiry === undefined) return false;
    const [, , last = never, count = 0] = group;
    if (this.#ofTable) group[3] = count + rows;
    const hasRows = this.#ofTable && count + rows > 0;
    group[2] = hasRows ? never : this.#expiry.touch(text, last === never);
    return group[2] !== last;
  }

  /** The groups as STATE_TTL forgets them because of the change with a sequence: each is deleted from the table. */
  #ownerAt(sequence: number, result: Change[]): KeyOwner {
    return {
      prefetch: (keys) => this.#store.prefetch(keys),
      touchedOf: (text) => {
        const touched = this.#store.get(text)?.[2];
        return touched === never ? undefined : touched;
      },
      forget: (text, time) => {
        const group = this.#store.get(text)!;
        const first = this.#changed.get(text);
        this.#aggregates.at(told);
        const before = first === undefined ? this.#row(group) : first.before;
        this.#store.delete(text);
        if (!this.#conflate) result.push(new Change(group[0], before, undefined, time, sequence));
        else this.#hold(text, { key: group[0], sequence, before, end: time });
      },
    };
  }

  *drain(): Iterable<Batch> {
    for (const piece of pieces([...this.#changed]))
      yield batchOf(piece.flatMap(([text, moment]) => this.#held(this.#store.get(text), moment)));
    this.#changed.clear();
  }

  /** The change of a group since the last drain. One that was forgotten is deleted, and may have been made anew since. */
  #held(group: GroupState | undefined, { key, sequence, before, end }: Moment): Change[] {
    if (end === undefined) return [this.#change(group!, before, sequence)];
    const deleted = before === undefined ? [] : [new Change(key, before, undefined, end, sequence)];
    return group === undefined ? deleted : [...deleted, this.#change(group, undefined, sequence)];
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

/** The last change of a group since the last drain, its row before the first, and when it was forgotten, if it was. */
interface Moment {
  readonly key: Row;
  readonly sequence: number;
  readonly before: Row | undefined;
  readonly end: number | undefined;
}
