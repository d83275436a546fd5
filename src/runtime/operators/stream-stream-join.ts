import type { Row } from '../../types/sql-type.ts';
import type { JoinWindow } from '../../specs/window.ts';
import { Change, hasNull, rowText, type Window } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches, JoinRow } from './stream-table-join.ts';

/** A buffered row: its time, its place among rows of that time, the row, and whether it has met a match. */
type Buffered = [
  timestamp: number,
  arrival: number,
  row: Row,
  matched: boolean,
  key: Row,
  start?: number,
  end?: number,
];

interface Side {
  readonly store: WindowStore<Buffered[]>;
  /** Milliseconds that the other side's rows may be before and after a row of this one. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly outer: boolean;
}

/**
 * Joins rows of two streams whose times are no further apart than the window. Each row meets the other side's buffered rows. An
 * outer row without a match is padded at once in the eager form, else when stream time has passed its window and grace.
 */
export class StreamStreamJoin implements Operator {
  readonly #left: Side;
  readonly #right: Side;
  readonly #within: JoinWindow;
  readonly #row: JoinRow;
  readonly #matches: JoinMatches;
  readonly #segmentMs: number;
  readonly #onLate: (change: Change) => void;
  #streamTime: number;
  #arrival: number;
  #padded: number;

  constructor(
    left: WindowStore<Buffered[]>,
    right: WindowStore<Buffered[]>,
    join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL',
    within: JoinWindow,
    row: JoinRow,
    matches: JoinMatches,
    onLate: (change: Change) => void,
  ) {
    const { beforeMs, afterMs } = within;
    this.#left = { store: left, beforeMs, afterMs, outer: join === 'LEFT' || join === 'FULL' };
    this.#right = { store: right, beforeMs: afterMs, afterMs: beforeMs, outer: join === 'RIGHT' || join === 'FULL' };
    this.#within = within;
    this.#row = row;
    this.#matches = matches;
    this.#onLate = onLate;
    this.#segmentMs = Math.max(1000, Math.ceil((beforeMs + afterMs) / 2));
    [this.#streamTime, this.#arrival, this.#padded] = (left.meta ?? [-1, 0, 0]) as [number, number, number];
  }

  process([leftBatch, rightBatch]: readonly Batch[]): Batch {
    const left = rowsOf(leftBatch!);
    const right = rowsOf(rightBatch!);
    const result: Change[] = [];
    mergeInputs(
      left,
      right,
      (change) => this.#visit(change, this.#left, this.#right, true, result),
      (change) => this.#visit(change, this.#right, this.#left, false, result),
    );
    this.#left.store.setMeta([this.#streamTime, this.#arrival, this.#padded]);
    return batchOf(result);
  }

  #visit(change: Change, own: Side, other: Side, isLeft: boolean, result: Change[]): void {
    const { key, after, timestamp, sequence, window, headers } = change;
    if (after === undefined) return;
    if (hasNull(key)) {
      // A row without a key meets nobody: an outer one is padded, the others are dropped.
      if (own.outer) result.push(this.#pad(change.key, after, timestamp, sequence, isLeft, window, headers));
      return;
    }
    if (timestamp > this.#streamTime) this.#streamTime = timestamp;
    const { graceMs, eager } = this.#within;
    if (!eager) this.#padUnmatched(result, sequence);
    // As in Kafka Streams: a row too late to be kept still meets what is kept, and an outer one whose window is over is padded.
    const isLate = timestamp + own.afterMs + graceMs < this.#streamTime;
    if (isLate && (eager || !own.outer)) {
      this.#onLate(change);
      return;
    }
    const text = rowText(change);
    let matched = false;
    for (
      let segment = this.#segment(timestamp - own.beforeMs);
      segment <= this.#segment(timestamp + own.afterMs);
      segment += this.#segmentMs
    ) {
      const buffered = segment < 0 ? undefined : other.store.get(segment, text);
      if (buffered === undefined) continue;
      let changed = false;
      for (const each of buffered) {
        if (each[0] < timestamp - own.beforeMs || each[0] > timestamp + own.afterMs) continue;
        const [l, r] = isLeft ? [after, each[2]] : [each[2], after];
        if (this.#matches?.(l, r) === false) continue;
        matched = true;
        if (!each[3]) {
          each[3] = true;
          changed = true;
        }
        const time = Math.max(timestamp, each[0]);
        result.push(new Change(key, undefined, this.#row(key, l, r), time, sequence, window, headers));
      }
      if (changed) other.store.put(segment, text, buffered);
    }
    const isOver = isLate || (!eager && timestamp + own.afterMs < this.#streamTime - graceMs);
    if (!matched && own.outer && (eager || isOver))
      result.push(this.#pad(key, after, timestamp, sequence, isLeft, window, headers));
    if (isLate) return;
    const segment = this.#segment(timestamp);
    const buffer = own.store.get(segment, text) ?? [];
    const bounds: [] | [number, number] = window === undefined ? [] : [window.start, window.end];
    buffer.push([timestamp, this.#arrival++, after, matched || eager, key, ...bounds]);
    buffer.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    own.store.put(segment, text, buffer);
    this.#expire();
  }

  #segment(timestamp: number): number {
    return Math.floor(timestamp / this.#segmentMs) * this.#segmentMs;
  }

  #pad(
    key: Row,
    row: Row,
    timestamp: number,
    sequence: number,
    isLeft: boolean,
    window: Window | undefined,
    headers?: Change['headers'],
  ): Change {
    const joined = isLeft ? this.#row(key, row, undefined) : this.#row(key, undefined, row);
    return new Change(key, undefined, joined, timestamp, sequence, window, headers);
  }

  /** A row that was padded may still meet a match that comes later. */
  closeIdle(): Batch {
    return batchOf(this.#within.eager ? [] : this.#padBefore(Infinity, 0));
  }

  /** Pads outer rows whose window and grace stream time has passed. */
  #padUnmatched(result: Change[], sequence: number): void {
    const { graceMs, beforeMs, afterMs } = this.#within;
    const horizon = this.#streamTime - graceMs;
    if (horizon - Math.min(beforeMs, afterMs) <= this.#padded) return;
    result.push(...this.#padBefore(horizon, sequence));
    this.#padded = horizon - Math.max(beforeMs, afterMs);
  }

  /** Pads outer rows whose window ended before `horizon`, in order of their time. */
  #padBefore(horizon: number, sequence: number): readonly Change[] {
    const due: { entry: Buffered; isLeft: boolean }[] = [];
    for (const [side, isLeft] of [
      [this.#left, true],
      [this.#right, false],
    ] as const) {
      if (!side.outer) continue;
      const limit = horizon - side.afterMs;
      for (const [segment, text, buffered] of side.store.entries(
        Math.max(0, this.#segment(this.#padded - side.afterMs - this.#segmentMs)),
        Math.max(0, Math.min(limit, Number.MAX_SAFE_INTEGER)),
      )) {
        const open = buffered.filter((entry) => !entry[3] && entry[0] < limit);
        if (open.length === 0) continue;
        const cached = side.store.get(segment, text)!;
        for (const entry of cached) {
          if (entry[3] || entry[0] >= limit) continue;
          entry[3] = true;
          due.push({ entry, isLeft });
        }
        side.store.put(segment, text, cached);
      }
    }
    due.sort((a, b) => a.entry[0] - b.entry[0] || a.entry[1] - b.entry[1]);
    return due.map(({ entry: [timestamp, , row, , key, start, end], isLeft }) =>
      this.#pad(key, row, timestamp, sequence, isLeft, start === undefined ? undefined : { start, end: end! }),
    );
  }

  #lastExpired = 0;
  #expire(): void {
    const { beforeMs, afterMs, graceMs } = this.#within;
    const limit = this.#segment(this.#streamTime - beforeMs - afterMs - graceMs - this.#segmentMs);
    if (limit <= this.#lastExpired + 4 * this.#segmentMs) return;
    this.#lastExpired = limit;
    this.#left.store.expire(limit);
    this.#right.store.expire(limit);
  }
}
