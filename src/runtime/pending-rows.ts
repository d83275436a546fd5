import type { Row } from '../types/sql-type.ts';
import { arrivalName, placeIn } from './arrival-name.ts';
import { Change } from './change.ts';
import { headersFrom, storedHeaders, type StoredHeaders } from './held-headers.ts';
import type { WindowStore } from './stores/window-store.ts';

/** A pending row as stored: key, values, record timestamp, window bounds, headers. */
export type PendingRow = readonly [
  key: Row,
  row: Row,
  timestamp: number,
  window: readonly [start: number, end: number] | null,
  headers: StoredHeaders | null,
  /** Its number, if it comes from another OVER of the query or goes on to one. */
  id?: string,
  /** Whether the OVER before this one still has to give its values. */
  waits?: boolean,
];
/** A row that is released, with its number of arrival. */
export interface ReleasedRow {
  readonly stored: PendingRow;
  readonly arrival: number;
}

/** How many buckets are read at once: enough that few reads release what a batch of records does, and no more than a part of the wait. */
const bucketsAtOnce = 256;

/**
 * Rows that wait until stream time has passed their time and the grace, so that they leave in order of (time, arrival) whatever the
 * order in which they came; a row that is later than the grace is late.
 */
export class PendingRows {
  readonly #store: WindowStore<PendingRow>;
  readonly graceMs: number;
  /**
   * The width of the buckets: a 256th of the grace, at most a second. One bucket is read again each time rows are released.
   */
  readonly #bucketMs: number;
  #streamTime: number;
  #arrivals: number;
  /** Rows before this time have been released. */
  #releasedBefore: number;

  /** `state`: what `state` was at the last commit. */
  constructor(store: WindowStore<PendingRow>, graceMs: number, state: readonly number[] | undefined) {
    this.#store = store;
    this.graceMs = graceMs;
    this.#bucketMs = Math.min(1000, Math.max(1, Math.floor(graceMs / 256)));
    const [streamTime = -Infinity, arrivals = 0, releasedBefore = -Infinity] = state ?? [];
    this.#streamTime = streamTime;
    this.#arrivals = arrivals;
    this.#releasedBefore = releasedBefore;
  }

  /** What must be kept with the rows. */
  get state(): readonly [streamTime: number, arrivals: number, releasedBefore: number] {
    return [this.#streamTime, this.#arrivals, this.#releasedBefore];
  }
  get streamTime(): number {
    return this.#streamTime;
  }
  /** The arrival number of the next row. */
  get arrivals(): number {
    return this.#arrivals;
  }

  isLate(time: number): boolean {
    return time < this.#releasedBefore || time < this.#streamTime - this.graceMs;
  }
  /** Adds a row as the next that arrives. */
  add(time: number, change: Change, row: Row, id?: string, waits?: boolean): void {
    this.put(time, this.#arrivals++, change, row, id, waits);
  }
  put(
    time: number,
    arrival: number,
    { key, timestamp, window, headers }: Change,
    row: Row,
    id: string | undefined,
    waits: boolean | undefined,
  ): void {
    const stored = [
      key,
      row,
      timestamp,
      window === undefined ? null : ([window.start, window.end] as const),
      headers === undefined ? null : storedHeaders(headers),
    ] as const;
    const named = id === undefined ? stored : ([...stored, id, waits === true] as const);
    this.#store.put(this.bucketOf(time), arrivalName(time, arrival), named);
  }
  bucketOf(time: number): number {
    return Math.max(0, Math.floor(time / this.#bucketMs) * this.#bucketMs);
  }

  /** Whether stream time moves on with a row of this time. */
  advance(time: number): boolean {
    if (time <= this.#streamTime) return false;
    this.#streamTime = time;
    return true;
  }
  /** Releases all rows before a time: those of one time together, in order of arrival. */
  release(limit: number, onGroup: (time: number, rows: readonly ReleasedRow[]) => void): void {
    if (limit <= this.#releasedBefore) return;
    // The bucket of the limit is released in part: what goes is taken out of it row by row, the buckets before it as a whole.
    const last = this.bucketOf(limit);
    for (;;) {
      const bucket = this.#store.firstStart(0);
      if (bucket === undefined || bucket >= limit) break;
      const end = Math.min(bucket + bucketsAtOnce * this.#bucketMs, last + this.#bucketMs);
      let group: ReleasedRow[] = [];
      let groupTime = NaN;
      for (const [start, name, stored] of this.#store.entries(bucket, end)) {
        const [time, arrival] = placeIn(name);
        if (time >= limit) break;
        if (time !== groupTime && group.length > 0) onGroup(groupTime, group);
        if (time !== groupTime) group = [];
        groupTime = time;
        group.push({ stored, arrival });
        if (start >= last) this.#store.put(start, name, undefined);
      }
      if (group.length > 0) onGroup(groupTime, group);
      this.#store.expire(Math.min(end, last));
      if (end > last) break;
    }
    this.#releasedBefore = limit;
  }
}

/** The change that a pending row was. */
export function pendingChange([key, row, timestamp, window, headers]: PendingRow, sequence: number): Change {
  const bounds = window === null ? undefined : { start: window[0], end: window[1] };
  return new Change(key, undefined, row, timestamp, sequence, bounds, headersFrom(headers ?? undefined));
}
