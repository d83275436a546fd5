import type { Row, Value } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet, GroupState } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import type { HeldHeaders } from '../held-headers.ts';
import { told, type Operator } from '../operator.ts';
import type { EditedEntry, WindowStore } from '../stores/window-store.ts';
import { putBounds, steps, type WindowEmission } from '../windows.ts';

/** The windows of one group and period that changed since the last drain: those from `first` on. */
interface Touched {
  readonly text: string;
  first: number;
  sequence: number;
}

/** About the most rows that are drained at once. */
const rowsPerPiece = 500;

/**
 * GROUP BY in cumulating windows: those of a period of `sizeMs` all start with it, and one ends at each multiple of
 * `advanceMs`. Here a window is identified by the start of its last step. A longer window contains the shorter ones of its
 * period, so only windows whose last step had a row have a state, over all rows of the period up to their end; the others share
 * the state of the last such window before them. A row in order changes one state, a late row also the later ones that are
 * stored. A row counts in windows that are open when it arrives; closed windows do not change.
 */
export class CumulateAggregate implements Operator {
  readonly #store: WindowStore<GroupState>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  readonly #held: HeldHeaders | undefined;
  /** Entries that changed since the last drain; the mark of each is the sequence of its last change. */
  #touched: EditedEntry<GroupState>[] = [];
  #streamTime: number;
  /**
   * Windows before this have been emitted; only with `final`, otherwise 0. In these every group of the period has a stored state.
   */
  #closed: number;
  #expired: number;

  constructor(store: WindowStore<GroupState>, aggregates: AggregateSet, window: WindowSpec, options: WindowEmission) {
    this.#store = store;
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#conflate = options.conflate;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    this.#held = options.held;
    [this.#streamTime, this.#closed, this.#expired] = (store.meta ?? [-1, 0, 0]) as [number, number, number];
  }

  #periodOf(time: number): number {
    return Math.floor(time / this.#window.sizeMs) * this.#window.sizeMs;
  }
  #stepOf(time: number): number {
    return Math.floor(time / this.#window.advanceMs) * this.#window.advanceMs;
  }
  /** The last window of a period. */
  #lastOf(period: number): number {
    return period + this.#window.sizeMs - this.#window.advanceMs;
  }

  process([batch]: readonly Batch[]): Batch {
    const { graceMs } = this.#window;
    const result: Change[] = [];
    const before = this.#streamTime;
    for (const change of rowsOf(batch!)) {
      const { key, after, timestamp, sequence } = change;
      if (after === undefined || hasNull(key)) continue;
      if (timestamp > this.#streamTime) this.#streamTime = timestamp;
      // The first window that is still open.
      const open = Math.max(this.#stepOf(this.#streamTime - graceMs), this.#closed);
      const first = Math.max(this.#stepOf(timestamp), open);
      if (first > this.#lastOf(this.#periodOf(timestamp))) this.#onLate(change);
      else this.#add(change, after, first, result);
      if (this.#final) this.#close(result, sequence);
    }
    if (this.#streamTime !== before && !this.#conflate) this.#remember();
    return batchOf(result);
  }

  /** Adds a row to the windows from `first` on. */
  #add({ key, timestamp, sequence, headers }: Change, row: Row, first: number, result: Change[]): void {
    const text = keyText(key);
    const last = this.#lastOf(this.#periodOf(first));
    this.#aggregates.at(told);
    const before = this.#withBefore ? [...this.#changes(text, first, last, sequence)] : [];
    const entry = this.#store.edit(first, text);
    if (entry.value === undefined) {
      const base = this.#lastBefore(first, text);
      entry.value = [key, base === undefined ? this.#aggregates.init(timestamp) : this.#aggregates.copy(base[1])];
    }
    this.#aggregates.at(sequence);
    this.#aggregates.add(entry.value[1], row, timestamp);
    this.#held?.note(first, text, headers);
    const newest = Math.min(last, this.#stepOf(this.#streamTime));
    for (let later = first + this.#window.advanceMs; later <= newest; later += this.#window.advanceMs)
      if (this.#store.get(later, text) !== undefined) {
        this.#aggregates.add(this.#store.edit(later, text).value![1], row, timestamp);
        this.#held?.note(later, text, headers);
      }
    if (this.#conflate) {
      if (entry.mark < 0) this.#touched.push(entry);
      entry.mark = sequence;
    } else if (!this.#final) {
      for (const change of this.#changes(text, first, last, sequence, before)) result.push(change);
    }
  }

  /** The state of a group's last window before one in the same period, if there is any. */
  #lastBefore(window: number, text: string): GroupState | undefined {
    const { advanceMs } = this.#window;
    const period = this.#periodOf(window);
    const earlier = steps(period, window - advanceMs, advanceMs);
    this.#store.prefetch([...earlier].map((start) => [start, text] as const));
    for (let start = window - advanceMs; start >= period; start -= advanceMs) {
      const group = this.#store.get(start, text);
      if (group !== undefined) return group;
    }
    return undefined;
  }

  /**
   * The changed rows of a group's windows from `first` to `last`, all in one period. `former` has the rows that were emitted
   * before.
   */
  *#changes(
    text: string,
    first: number,
    last: number,
    sequence: number,
    former: readonly Change[] = [],
  ): Iterable<Change> {
    const { advanceMs } = this.#window;
    // Only the first windows may have had no row before.
    let at = former.length - Math.round((last - first) / advanceMs) - 1;
    const newest = this.#stepOf(this.#streamTime);
    let group = this.#store.get(first, text) ?? this.#lastBefore(first, text);
    let row = group && this.#row(group);
    for (let window = first; window <= last; window += advanceMs) {
      const own = window > first && window <= newest ? this.#store.get(window, text) : undefined;
      if (own !== undefined) row = this.#row((group = own));
      if (group !== undefined) yield this.#change(group, row!, window, sequence, former[at]?.after);
      at++;
    }
  }

  *drain(): Iterable<Batch> {
    const groups = this.#takeTouched();
    let piece: Change[] = [];
    for (const { text, first, sequence } of groups) {
      for (const change of this.#changes(text, first, this.#lastOf(this.#periodOf(first)), sequence))
        piece.push(change);
      if (piece.length < rowsPerPiece) continue;
      yield batchOf(piece);
      piece = [];
    }
    yield batchOf(piece);
    // At the end, because the rows above may need states that expire.
    if (this.#conflate) this.#remember();
  }

  /** The changes since the last call, ordered by their last change. */
  #takeTouched(): readonly Touched[] {
    const groups = new Map<string, Touched>();
    for (const entry of this.#touched) {
      const text = keyText(entry.value![0]);
      const name = `${this.#periodOf(entry.start)}/${text}`;
      const touched = groups.get(name);
      if (touched === undefined) groups.set(name, { text, first: entry.start, sequence: entry.mark });
      else {
        touched.first = Math.min(touched.first, entry.start);
        touched.sequence = Math.max(touched.sequence, entry.mark);
      }
      entry.mark = -1;
    }
    this.#touched = [];
    return [...groups.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** Emits the windows that stream time has closed since the last call, ordered by end, then key. */
  #close(result: Change[], sequence: number): void {
    this.#closeTo(this.#stepOf(this.#streamTime - this.#window.graceMs), result, sequence);
  }
  #closeTo(to: number, result: Change[], sequence: number): void {
    const { advanceMs } = this.#window;
    for (let window = this.#closed; window < to; window += advanceMs) {
      const kept = this.#store.firstStart(this.#periodOf(window)) ?? Infinity;
      // Stream time may jump: windows without states are skipped.
      if (kept > window) window = kept;
      if (window < to) this.#closeOne(window, result, sequence);
    }
    this.#closed = Math.max(this.#closed, to);
  }
  /** A group without rows in the window's last step has the state of the window before. */
  #closeOne(window: number, result: Change[], sequence: number): void {
    const { advanceMs } = this.#window;
    if (window > this.#periodOf(window))
      for (const [, text, group] of [...this.#store.entries(window - advanceMs, window)])
        if (this.#store.get(window, text) === undefined) {
          this.#store.put(window, text, group);
          this.#held?.copy(window - advanceMs, window, text);
        }
    for (const [, text, group] of this.#store.entries(window, window + advanceMs))
      result.push(this.#change(group, this.#row(group), window, sequence, undefined, this.#held?.of(window, text)));
  }

  closeIdle(): Batch {
    if (!this.#final || this.#streamTime < 0) return noChanges;
    const result: Change[] = [];
    this.#closeTo(this.#periodOf(this.#streamTime) + this.#window.sizeMs, result, 0);
    this.#remember();
    return batchOf(result);
  }

  /** Whole periods expire, because the last window of a period may need the state of its first. */
  #remember(): void {
    const expired = this.#periodOf(Math.max(0, this.#oldest()));
    if (expired > this.#expired) {
      this.#store.expire(expired);
      this.#held?.expire(expired);
      this.#expired = expired;
    }
    this.#store.setMeta([this.#streamTime, this.#closed, this.#expired]);
  }
  /** Windows that start before this expire. */
  #oldest(): number {
    return this.#streamTime - Math.max(this.#window.retentionMs, this.#window.sizeMs);
  }

  #row([key, states]: GroupState): readonly Value[] {
    return this.#aggregates.row(key, states, 3);
  }
  #change(
    [key, [timestamp]]: GroupState,
    row: readonly Value[],
    window: number,
    sequence: number,
    before?: Row,
    headers?: Change['headers'],
  ): Change {
    const start = this.#periodOf(window);
    const end = window + this.#window.advanceMs;
    const bounded = putBounds(row.slice(), timestamp, start, end);
    return new Change(key, before, bounded, timestamp, sequence, { start, end }, headers);
  }

  *current(key?: Row): Iterable<Change> {
    const groups = new Map<string, [window: number, group: GroupState][]>();
    for (const [window, group] of this.#kept(key)) {
      const name = `${this.#periodOf(window)}/${keyText(group[0])}`;
      const windows = groups.get(name);
      if (windows === undefined) groups.set(name, [[window, group]]);
      else windows.push([window, group]);
    }
    const newest = this.#final ? this.#closed - this.#window.advanceMs : Infinity;
    for (const states of groups.values()) {
      const last = Math.min(this.#lastOf(this.#periodOf(states[0]![0])), newest);
      for (const [i, [window, group]] of states.entries()) {
        const next = Math.min(states[i + 1]?.[0] ?? Infinity, last + this.#window.advanceMs);
        const row = this.#row(group);
        for (let later = window; later < next; later += this.#window.advanceMs)
          yield this.#change(group, row, later, 0);
      }
    }
  }
  *#kept(key: Row | undefined): Iterable<readonly [window: number, group: GroupState]> {
    const { sizeMs, advanceMs } = this.#window;
    const oldest = Math.ceil(Math.max(0, this.#oldest()) / sizeMs) * sizeMs;
    const newest = Math.max(this.#stepOf(this.#streamTime), this.#closed - advanceMs);
    if (key === undefined) for (const [window, , group] of this.#store.entries(oldest)) yield [window, group];
    else yield* this.#store.ofKey(keyText(key), steps(oldest, newest, advanceMs));
  }
}
