import type { Row } from '../../types/sql-type.ts';
import type { WindowSpec } from '../../specs/window.ts';
import type { AggregateSet, States } from '../aggregation.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import { DueMarks, DueTimes } from '../due-times.ts';
import { headersFrom, noHeaders, storedHeaders, type StoredHeaders } from '../held-headers.ts';
import { told, type Operator } from '../operator.ts';
import { pieces } from '../pieces.ts';
import { SlidingMerge } from '../sliding-merge.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { Timeline, type TimelineNode } from '../timeline.ts';
import { putBounds, type WindowEmission } from '../windows.ts';

/** A group that changed since the last drain: at which times, and whether it had no event at them before. */
interface Touched {
  readonly key: Row;
  readonly text: string;
  readonly times: Map<number, boolean>;
  sequence: number;
}

/** A row of a closed window. */
export type ClosedRow = [row: Row, timestamp: number];

/** The headers of the last event at a time, with its number. */
export type ArrivedHeaders = [arrival: number, headers: StoredHeaders];

interface SlidingStores {
  readonly panes: WindowStore<TimelineNode<States>>;
  readonly deepPanes: WindowStore<TimelineNode<States>>;
  readonly due: WindowStore<1>;
  readonly closed: WindowStore<TimelineNode<ClosedRow>>;
  readonly deepClosed: WindowStore<TimelineNode<ClosedRow>>;
  readonly headers: WindowStore<TimelineNode<ArrivedHeaders>>;
  readonly deepHeaders: WindowStore<TimelineNode<ArrivedHeaders>>;
}

/**
 * GROUP BY in sliding windows, whose bounds are both inclusive. For each event there is a window that ends at it (for events
 * before time `sizeMs` the one from 0) and, if another event follows within the size, one that starts 1 ms after it. Source:
 * KIP-450 and Kafka Streams' KStreamSlidingWindowAggregate. A group stores one pane for each time of its events; windows and
 * their rows are computed from the panes in order of time, so that an event changes one pane however many windows hold it. An
 * event counts in the windows that are open when it arrives; windows that it would change but that have closed are emitted
 * first.
 */
export class SlidingAggregate implements Operator {
  readonly #store: SlidingStores;
  readonly #panes: Timeline<States>;
  readonly #aggregates: AggregateSet;
  readonly #window: WindowSpec;
  readonly #final: boolean;
  readonly #conflate: boolean;
  readonly #withBefore: boolean;
  readonly #onLate: (change: Change) => void;
  readonly #init: (timestamp: number) => States;
  readonly #sliding: SlidingMerge;
  /** What closing windows need: with `final`, and if windows are retained longer than they are open. */
  readonly #closing: { readonly rows: Timeline<ClosedRow>; readonly due: DueMarks } | undefined;
  /** With `final`: the headers of events, from the first that has any. */
  readonly #headers: Timeline<ArrivedHeaders> | undefined;
  #hasHeaders: boolean;
  /** Iterates the ends of windows that end at an event, and of those that start after one. */
  #endings: readonly [atEvents: DueTimes, behindEvents: DueTimes] | undefined;
  /** Ordered by first change. */
  readonly #touched = new Map<string, Touched>();
  #streamTime: number;
  /** Windows that end before this have been closed; 0 without `closing`. */
  #closed: number;
  #expired: number;
  /** The number of events so far: panes are in order of time, but some aggregates need the order of arrival. */
  #arrivals: number;
  /** Windows that ended before this were closed when the pending rows first changed. */
  #closedBefore = 0;

  constructor(store: SlidingStores, aggregates: AggregateSet, window: WindowSpec, options: WindowEmission) {
    const { sizeMs, graceMs, retentionMs } = window;
    this.#store = store;
    // At most about 500 stretches of time, which bounds the entries of a group with few events.
    const stretchMs = Math.max(sizeMs, Math.max(retentionMs, sizeMs + graceMs) / 512);
    this.#panes = new Timeline(store.panes, store.deepPanes, stretchMs);
    this.#aggregates = aggregates;
    this.#window = window;
    this.#final = options.final;
    this.#conflate = options.conflate;
    this.#withBefore = options.withBefore;
    this.#onLate = options.onLate;
    this.#headers = options.final ? new Timeline(store.headers, store.deepHeaders, stretchMs) : undefined;
    this.#hasHeaders = store.headers.meta !== undefined;
    this.#init = (timestamp) => aggregates.init(timestamp);
    this.#sliding = new SlidingMerge(aggregates);
    const [streamTime = -1, passed = 0, expired = 0, arrivals = 0] = store.panes.meta ?? [];
    this.#streamTime = streamTime;
    this.#closed = passed;
    this.#expired = expired;
    this.#arrivals = arrivals;
    if (!options.final && retentionMs <= sizeMs + graceMs) return;
    const due = new DueMarks(store.due, this.#panes);
    this.#closing = { rows: new Timeline(store.closed, store.deepClosed, stretchMs), due };
    this.#endings = [
      new DueTimes(due, this.#panes, this.#closed > sizeMs ? this.#closed : 0),
      new DueTimes(due, this.#panes, this.#closed - 1 - sizeMs),
    ];
  }

  process([batch]: readonly Batch[]): Batch {
    const { sizeMs } = this.#window;
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    this.#prefetch(changes);
    let last = 0;
    for (const change of changes) {
      const { key, after, timestamp, sequence } = change;
      if (after === undefined || hasNull(key)) continue;
      if (timestamp > this.#streamTime) this.#streamTime = timestamp;
      last = sequence;
      const limit = this.#limit();
      if (timestamp + 1 + sizeMs < limit) {
        this.#onLate(change);
        continue;
      }
      if (timestamp < limit) this.#settle(limit, result, sequence);
      const text = keyText(key);
      const former = this.#withBefore ? this.#rowsAround(key, text, timestamp) : undefined;
      const states = this.#panes.touch(key, text, timestamp, this.#init);
      const { isNew } = this.#panes;
      this.#aggregates.at(sequence);
      this.#aggregates.add(states, after, timestamp, ++this.#arrivals);
      if (this.#headers !== undefined) this.#noteHeaders(key, text, change);
      if (isNew && this.#closing !== undefined) this.#addDue(timestamp, text);
      if (this.#final) continue;
      if (this.#conflate) this.#touch(key, text, timestamp, isNew, sequence);
      else {
        this.#closedBefore = limit;
        this.#rowsOf({ key, text, times: new Map([[timestamp, isNew]]), sequence }, former, result);
      }
    }
    if (!this.#conflate) this.#endBatch(result, last);
    return batchOf(result);
  }

  /** Windows that end before this are closed. */
  #limit(): number {
    return Math.max(this.#streamTime - this.#window.graceMs, this.#closed);
  }

  /** Computes the rows of closed windows before a late event changes their panes. */
  #settle(limit: number, result: Change[], sequence: number): void {
    if (this.#conflate) for (const piece of this.#drainTouched()) result.push(...rowsOf(piece));
    this.#closedBefore = limit;
    this.#close(limit, result, sequence);
  }

  #touch(key: Row, text: string, timestamp: number, isNew: boolean, sequence: number): void {
    const touched = this.#touched.get(text);
    if (touched === undefined) {
      this.#touched.set(text, { key, text, times: new Map([[timestamp, isNew]]), sequence });
      return;
    }
    touched.sequence = sequence;
    if (!touched.times.has(timestamp)) touched.times.set(timestamp, isNew);
  }

  #prefetch(changes: readonly Change[]): void {
    if (changes.length < 8) return;
    const reach = this.#window.sizeMs + 1;
    this.#panes.prefetch(changes, reach);
  }

  *drain(): Iterable<Batch> {
    if (!this.#conflate) return;
    yield* this.#drainTouched();
    this.#endBatch([], 0);
  }
  *#drainTouched(): Iterable<Batch> {
    const groups = [...this.#touched.values()].sort((a, b) => a.sequence - b.sequence);
    this.#touched.clear();
    for (const piece of pieces(groups, 100)) {
      const result: Change[] = [];
      for (const touched of piece) this.#rowsOf(touched, undefined, result);
      yield batchOf(result);
    }
    this.#closedBefore = 0;
  }

  /** Expires at the end, when windows have emitted the rows that need the panes. */
  #endBatch(result: Change[], sequence: number): void {
    if (this.#streamTime < 0) return;
    this.#close(this.#limit(), result, sequence);
    this.#remember();
  }

  /** The rows of every window that holds a changed pane or exists because of a new one. */
  #rowsOf(touched: Touched, former: ReadonlyMap<number, Row> | undefined, result: Change[]): void {
    const { key, text, sequence } = touched;
    const { sizeMs } = this.#window;
    const { times } = touched;
    const sorted = [...times.keys()];
    let at = 0;
    for (const [first, last] of near(sorted, sizeMs + 2)) {
      for (const { start, endsAtEvent } of this.#windows(text, first - sizeMs, last + 1)) {
        while (at < sorted.length && sorted[at]! < start) at++;
        const holds = at < sorted.length && sorted[at]! <= start + sizeMs;
        const begins = times.get(start - 1) === true && !endsAtEvent;
        if ((holds || begins) && start + sizeMs >= this.#closedBefore)
          result.push(this.#change(key, start, sequence, former?.get(start)));
      }
    }
  }
  /** The rows of the windows that an event may change, by window start. */
  #rowsAround(key: Row, text: string, timestamp: number): Map<number, Row> {
    const rows = new Map<number, Row>();
    for (const { start } of this.#windows(text, timestamp - this.#window.sizeMs, timestamp + 1))
      rows.set(start, this.#change(key, start, told).after!);
    return rows;
  }

  /** Iterates a group's windows with `from <= start <= to` in order, with the panes of each in `sliding`. */
  *#windows(
    text: string,
    from: number,
    to: number,
  ): Iterable<{ readonly start: number; readonly endsAtEvent: boolean }> {
    const { sizeMs } = this.#window;
    const times: number[] = [];
    const panes: States[] = [];
    this.#panes.range(text, from - 1, to + sizeMs, times, panes);
    const sliding = this.#sliding;
    sliding.clear();
    let entering = 0;
    let ending = 0;
    let behind = 0;
    for (;;) {
      while (ending < times.length && Math.max(0, times[ending]! - sizeMs) < from) ending++;
      while (
        behind < times.length &&
        !(times[behind]! + 1 >= from && times[behind + 1]! <= times[behind]! + 1 + sizeMs)
      )
        behind++;
      const ends = ending < times.length ? Math.max(0, times[ending]! - sizeMs) : Infinity;
      const follows = behind < times.length ? times[behind]! + 1 : Infinity;
      const start = Math.min(ends, follows);
      if (start > to) return;
      for (; entering < times.length && times[entering]! <= start + sizeMs; entering++)
        sliding.push(times[entering]!, panes[entering]!);
      sliding.dropBefore(start);
      yield { start, endsAtEvent: ends === start };
      while (ending < times.length && Math.max(0, times[ending]! - sizeMs) === start) ending++;
      if (follows === start) behind++;
    }
  }

  #change(key: Row, start: number, sequence: number, before?: Row, headers?: Change['headers']): Change {
    const end = start + this.#window.sizeMs;
    this.#aggregates.at(sequence);
    const { timestamp } = this.#sliding;
    const row = putBounds(this.#sliding.row(key, 3), timestamp, start, end);
    return new Change(key, before, row, timestamp, sequence, { start, end }, headers);
  }

  #addDue(timestamp: number, text: string): void {
    this.#closing!.due.mark(timestamp, text);
    for (const ends of this.#endings!) ends.add(timestamp, text);
  }

  #noteHeaders(key: Row, text: string, { timestamp, headers }: Change): void {
    if (headers === undefined && !this.#hasHeaders) return;
    if (!this.#hasHeaders) this.#store.headers.setMeta([1]);
    this.#hasHeaders = true;
    const noted = this.#headers!.touch(key, text, timestamp, () => [0, []]);
    noted[0] = this.#arrivals;
    noted[1] = storedHeaders(headers);
  }
  /** The headers of the last event that came into a window. */
  #headersOf(text: string, start: number): Change['headers'] {
    if (!this.#hasHeaders) return noHeaders;
    const noted: ArrivedHeaders[] = [];
    this.#headers!.range(text, start, start + this.#window.sizeMs, [], noted);
    return headersFrom(noted.reduce<ArrivedHeaders>((last, each) => (each[0] > last[0] ? each : last), [0, []])[1]);
  }

  /** Closes the windows that end before `limit`, ordered by end, then key. */
  #close(limit: number, result: Change[], sequence: number): void {
    if (this.#closing === undefined || limit <= this.#closed) return;
    const { sizeMs } = this.#window;
    const [atEvents, behindEvents] = this.#endings!;
    const starts = new Map<string, number[]>();
    const add = (start: number, text: string): void => {
      const groupStarts = starts.get(text);
      if (groupStarts === undefined) starts.set(text, [start]);
      else groupStarts.push(start);
    };
    if (limit > sizeMs) for (const [time, text] of atEvents.take(limit)) add(Math.max(0, time - sizeMs), text);
    for (const [time, text] of behindEvents.take(limit - 1 - sizeMs)) add(time + 1, text);
    const closed: (readonly [text: string, change: Change])[] = [];
    for (const [text, list] of starts)
      for (const [from, to] of near(list, sizeMs)) {
        const key = this.#panes.range(text, from - 1, to + sizeMs, [], [])!;
        for (const { start } of this.#windows(text, from, to)) {
          const headers = this.#final ? this.#headersOf(text, start) : undefined;
          closed.push([text, this.#change(key, start, sequence, undefined, headers)]);
        }
      }
    closed.sort(([a, { window: first }], [b, { window: second }]) => first!.end - second!.end || (a < b ? -1 : 1));
    const oldest = this.#oldest();
    for (const [text, change] of closed) {
      const { key, after, timestamp, window } = change;
      if (window!.start >= oldest) this.#closing.rows.touch(key, text, window!.start, () => [after!, timestamp]);
      if (this.#final) result.push(change);
    }
    this.#closed = limit;
  }

  closeIdle(): Batch {
    const result: Change[] = [];
    if (!this.#final) return noChanges;
    let last = -1;
    for (const { window } of this.#openRows()) last = Math.max(last, window!.end);
    this.#close(last + 1, result, 0);
    this.#remember();
    return batchOf(result);
  }

  /** Windows that start before this expire. */
  #oldest(): number {
    const { retentionMs, sizeMs } = this.#window;
    return Math.max(0, this.#streamTime - Math.max(retentionMs, sizeMs));
  }

  #remember(): void {
    const { sizeMs } = this.#window;
    // The last window that needs an event starts 1 ms after it.
    const expired = this.#limit() - sizeMs - 1;
    if (expired - this.#expired > Math.max(1, this.#panes.topMs)) {
      this.#panes.expire(expired);
      if (this.#hasHeaders) this.#headers?.expire(expired);
      this.#closing?.due.expire(expired);
      this.#closing?.rows.expire(this.#oldest());
      this.#expired = expired;
    }
    this.#store.panes.setMeta([this.#streamTime, this.#closed, this.#expired, this.#arrivals]);
  }

  *current(key?: Row): Iterable<Change> {
    if (this.#closing !== undefined) yield* this.#closedRows(key);
    if (!this.#final) yield* this.#openRows(key);
  }
  *#openRows(only?: Row): Iterable<Change> {
    const from = Math.max(0, this.#limit() - this.#window.sizeMs);
    const texts = only === undefined ? this.#panes.texts(from) : [keyText(only)];
    for (const text of texts) {
      const key = this.#panes.range(text, from, this.#streamTime, [], []);
      if (key === undefined) continue;
      const rows: Change[] = [];
      for (const { start } of this.#windows(text, from, this.#streamTime)) rows.push(this.#change(key, start, 0));
      yield* rows;
    }
  }
  *#closedRows(only: Row | undefined): Iterable<Change> {
    const { rows } = this.#closing!;
    const oldest = this.#oldest();
    for (const text of only === undefined ? rows.texts(oldest) : [keyText(only)]) {
      const starts: number[] = [];
      const closedRows: ClosedRow[] = [];
      const key = rows.range(text, oldest, this.#streamTime, starts, closedRows);
      for (const [i, [row, timestamp]] of closedRows.entries()) {
        const start = starts[i]!;
        yield new Change(key!, undefined, row, timestamp, 0, { start, end: start + this.#window.sizeMs });
      }
    }
  }
}

/** Sorts times and cuts them into ranges at gaps longer than a limit: reading across a long gap would be slow. */
function near(times: number[], gap: number): (readonly [first: number, last: number])[] {
  const ranges: [number, number][] = [];
  for (const time of times.sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && time - range[1] <= gap) range[1] = time;
    else ranges.push([time, time]);
  }
  return ranges;
}
