import type { Row } from '../../types/sql-type.ts';
import type { JoinWindow } from '../../specs/window.ts';
import { Change, hasNull, rowText, type Window } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { HeldHeaders } from '../held-headers.ts';
import type { Operator } from '../operator.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches, JoinRow } from './stream-table-join.ts';

/** A buffered row: its time, its number among rows of that time, the row, and whether it has had a match. */
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
  /** How far the other side's rows may be before and after a row of this side, in ms. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly outer: boolean;
  /** The headers of outer rows that wait for a match, by segment and row; undefined where none waits. */
  readonly held: HeldHeaders | undefined;
}
const heldName = (text: string, arrival: number): string => `${text}/${arrival}`;

/**
 * Joins rows of two streams whose times are within the window of each other. Each row is joined with the other side's buffered
 * rows. An outer row without a match is padded with NULLs at once if `eager`, otherwise when stream time has passed its window
 * and grace.
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
    held: { readonly left: HeldHeaders; readonly right: HeldHeaders },
  ) {
    const { beforeMs, afterMs } = within;
    const side = (outer: boolean, headers: HeldHeaders): Pick<Side, 'outer' | 'held'> => ({
      outer,
      held: outer && !within.eager ? headers : undefined,
    });
    this.#left = { store: left, beforeMs, afterMs, ...side(join === 'LEFT' || join === 'FULL', held.left) };
    this.#right = {
      store: right,
      beforeMs: afterMs,
      afterMs: beforeMs,
      ...side(join === 'RIGHT' || join === 'FULL', held.right),
    };
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

  #visit(change: Change, own: Side, opposite: Side, isLeft: boolean, result: Change[]): void {
    const { key, after, timestamp, sequence, window, headers } = change;
    if (after === undefined) return;
    if (hasNull(key)) {
      // A row without a key matches nothing: an outer row is padded, others are dropped.
      if (own.outer) result.push(this.#pad(change.key, after, timestamp, sequence, isLeft, window, headers));
      return;
    }
    if (timestamp > this.#streamTime) this.#streamTime = timestamp;
    const { graceMs, eager } = this.#within;
    if (!eager) this.#padUnmatched(result, sequence);
    // As in Kafka Streams: a row too late to be buffered still joins rows whose window is open, and an outer row whose window is over
    // is padded.
    const isLate = timestamp + own.afterMs + graceMs < this.#streamTime;
    const isDropped = isLate && (eager || !own.outer);
    const open = isDropped ? this.#streamTime - graceMs - opposite.afterMs : -Infinity;
    const text = rowText(change);
    let matched = false;
    for (
      let segment = this.#segment(timestamp - own.beforeMs);
      segment <= this.#segment(timestamp + own.afterMs);
      segment += this.#segmentMs
    ) {
      const buffered = segment < 0 ? undefined : opposite.store.get(segment, text);
      if (buffered === undefined) continue;
      let changed = false;
      for (const candidate of buffered) {
        if (candidate[0] < timestamp - own.beforeMs || candidate[0] > timestamp + own.afterMs) continue;
        if (candidate[0] < open) continue;
        const [left, right] = isLeft ? [after, candidate[2]] : [candidate[2], after];
        if (this.#matches?.(left, right) === false) continue;
        matched = true;
        if (!candidate[3]) {
          candidate[3] = true;
          changed = true;
        }
        const time = Math.max(timestamp, candidate[0]);
        result.push(new Change(key, undefined, this.#row(key, left, right), time, sequence, window, headers));
      }
      if (changed) opposite.store.put(segment, text, buffered);
    }
    if (isDropped) {
      if (!matched) this.#onLate(change);
      return;
    }
    const isOver = isLate || (!eager && timestamp + own.afterMs < this.#streamTime - graceMs);
    if (!matched && own.outer && (eager || isOver))
      result.push(this.#pad(key, after, timestamp, sequence, isLeft, window, headers));
    if (isLate) return;
    const segment = this.#segment(timestamp);
    const buffer = own.store.get(segment, text) ?? [];
    const bounds: [] | [number, number] = window === undefined ? [] : [window.start, window.end];
    // In order of time, then of arrival: behind all that are no later.
    let at = buffer.length;
    while (at > 0 && buffer[at - 1]![0] > timestamp) at--;
    if (!matched) own.held?.note(segment, heldName(text, this.#arrival), headers);
    buffer.splice(at, 0, [timestamp, this.#arrival++, after, matched || eager, key, ...bounds]);
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

  /** Pads all outer rows that wait for a match; a match that arrives later is still joined. */
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
    const due: { entry: Buffered; isLeft: boolean; headers: Change['headers'] }[] = [];
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
          const name = heldName(text, entry[1]);
          due.push({ entry, isLeft, headers: side.held?.of(segment, name) });
          side.held?.drop(segment, name);
        }
        side.store.put(segment, text, cached);
      }
    }
    due.sort((a, b) => a.entry[0] - b.entry[0] || a.entry[1] - b.entry[1]);
    return due.map(({ entry: [timestamp, , row, , key, start, end], isLeft, headers }) => {
      const window = start === undefined ? undefined : { start, end: end! };
      return this.#pad(key, row, timestamp, sequence, isLeft, window, headers);
    });
  }

  #lastExpired = 0;
  #expire(): void {
    const { beforeMs, afterMs, graceMs } = this.#within;
    const limit = this.#segment(this.#streamTime - beforeMs - afterMs - graceMs - this.#segmentMs);
    if (limit <= this.#lastExpired + 4 * this.#segmentMs) return;
    this.#lastExpired = limit;
    this.#left.store.expire(limit);
    this.#right.store.expire(limit);
    this.#left.held?.expire(limit);
    this.#right.held?.expire(limit);
  }
}
