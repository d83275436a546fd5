import type { Row } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator } from '../operator.ts';
import type { HeldHeaders } from '../held-headers.ts';
import { pieces } from '../pieces.ts';
import type { EditedEntry, WindowStore } from '../stores/window-store.ts';
import { firstWindowStart, putBounds, steps, type WindowEmission } from '../windows.ts';

/**
 * GROUP BY in tumbling or hopping windows: one state per window and group. A row is late if stream time has passed its window's
 * end plus the grace; late rows are dropped. With `final` a window's row is emitted once, when stream time passes its end plus
 * the grace.
 */
export class WindowedAggregate implements Operator {
  readonly #store: WindowStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  readonly #held: HeldHeaders | undefined;
  /** Windows that changed since the last drain; the mark of each is the sequence of its last change. */
  #touched: EditedEntry<GroupState>[] = [];
  /** Their rows before the first change; only kept if the consumer needs them. */
  readonly #before = new Map<EditedEntry<GroupState>, Row>();
  #streamTime: number;
  /** Windows that start before this have been emitted; only with `final`, otherwise 0. */
  #closed: number;
  #expired: number;

  constructor(store: WindowStore<GroupState>, aggregates: AggregateSet, window: WindowSpec, options: WindowEmission) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#conflate = options.conflate && !options.final;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    this.#held = options.held;
    [this.#streamTime, this.#closed, this.#expired] = (store.meta ?? [-1, 0, 0]) as [number, number, number];
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const { sizeMs, advanceMs, graceMs } = this.#window;
    const result: Change[] = [];
    const before = this.#streamTime;
    for (const change of changes) {
      const { key, after, timestamp, sequence } = change;
      if (after === undefined || hasNull(key)) continue;
      if (timestamp > this.#streamTime) this.#streamTime = timestamp;
      const text = keyText(key);
      const limit = this.#streamTime - graceMs;
      let late = true;
      for (let start = firstWindowStart(timestamp, this.#window); start <= timestamp; start += advanceMs) {
        if (start + sizeMs <= limit || start < this.#closed) continue;
        late = false;
        const entry = this.#store.edit(start, text);
        this.#aggregates.at(told);
        const was =
          this.#withBefore && entry.mark < 0 && entry.value !== undefined ? this.#row(start, entry.value) : undefined;
        const group = (entry.value ??= [key, this.#aggregates.init(timestamp)]);
        this.#aggregates.at(sequence);
        this.#aggregates.add(group[1], after, timestamp);
        this.#held?.note(start, text, change.headers);
        if (this.#conflate) {
          if (entry.mark < 0) {
            this.#touched.push(entry);
            if (was !== undefined) this.#before.set(entry, was);
          }
          entry.mark = sequence;
        } else if (!this.#final) result.push(this.#change(start, group, was, sequence));
      }
      if (late) this.#onLate(change);
      if (this.#final) this.#close(result, sequence);
    }
    if (this.#streamTime !== before) this.#remember();
    return batchOf(result);
  }

  *drain(): Iterable<Batch> {
    const touched = this.#touched.sort((a, b) => a.mark - b.mark);
    this.#touched = [];
    for (const piece of pieces(touched)) {
      const rows = piece.map((entry) => {
        const { mark, start } = entry;
        entry.mark = -1;
        return this.#change(start, entry.value!, this.#before.get(entry), mark);
      });
      yield batchOf(rows);
    }
    this.#before.clear();
  }

  #remember(): void {
    const { sizeMs, retentionMs } = this.#window;
    const expired = this.#streamTime - Math.max(retentionMs, sizeMs);
    // Expiry moves in steps of a tenth of the retention, so that one deletion covers many windows.
    if (expired - this.#expired > Math.max(retentionMs / 10, this.#window.advanceMs)) {
      this.#store.expire(expired);
      this.#held?.expire(expired);
      this.#expired = expired;
    }
    this.#store.setMeta([this.#streamTime, this.#closed, this.#expired]);
  }

  /** Emits the windows that stream time has closed since the last call, ordered by end, then key. */
  #close(result: Change[], sequence: number): void {
    const { sizeMs, graceMs, advanceMs } = this.#window;
    const limit = this.#streamTime - graceMs - sizeMs;
    const next = Math.floor(limit / advanceMs) * advanceMs + advanceMs;
    if (limit < 0 || next <= this.#closed) return;
    for (const [start, text, group] of this.#store.entries(this.#closed, next))
      result.push(this.#change(start, group, undefined, sequence, this.#held?.of(start, text)));
    this.#closed = next;
  }

  closeIdle(): Batch {
    if (!this.#final) return noChanges;
    const open = [...this.#store.entries(this.#closed)];
    if (open.length > 0) {
      this.#closed = open.at(-1)![0] + this.#window.advanceMs;
      this.#remember();
    }
    return batchOf(
      open.map(([start, text, group]) => this.#change(start, group, undefined, 0, this.#held?.of(start, text))),
    );
  }

  #row(start: number, [key, states]: GroupState): Row {
    return putBounds(this.#aggregates.row(key, states, 3), states[0], start, start + this.#window.sizeMs);
  }
  #change(
    start: number,
    group: GroupState,
    before: Row | undefined,
    sequence: number,
    headers?: Change['headers'],
  ): Change {
    const window = { start, end: start + this.#window.sizeMs };
    this.#aggregates.at(sequence);
    return new Change(group[0], before, this.#row(start, group), group[1][0], sequence, window, headers);
  }

  *current(key?: Row): Iterable<Change> {
    for (const [start, group] of this.#kept(key)) {
      if (this.#final && start >= this.#closed) continue;
      yield this.#change(start, group, undefined, 0);
    }
  }
  *#kept(key: Row | undefined): Iterable<readonly [start: number, group: GroupState]> {
    const { retentionMs, sizeMs, advanceMs } = this.#window;
    const oldest = Math.max(0, this.#streamTime - Math.max(retentionMs, sizeMs));
    if (key === undefined) for (const [start, , group] of this.#store.entries(oldest)) yield [start, group];
    else
      yield* this.#store.ofKey(
        keyText(key),
        steps(Math.ceil(oldest / advanceMs) * advanceMs, this.#streamTime, advanceMs),
      );
  }
}
