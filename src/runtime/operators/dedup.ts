import type { Row, Value } from '../../types/sql-type.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change, hasNull, keyText } from '../change.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { CachedStore } from '../stores/cached-store.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { widened } from './over.ts';

/** A row with a key and a time that is not too late. */
interface TimedRow {
  readonly key: string;
  readonly time: number;
  readonly change: Change;
}

/** Remembers the rows that were told of. */
export interface FirstRows {
  /** Loads what `isFirst` reads for these rows, in one read. */
  prefetch(rows: readonly TimedRow[]): void;
  /** Whether a row is the first of its key; it is then remembered. */
  isFirst(key: string, time: number): boolean;
  /** No row before this time comes any more. */
  forget?(time: number): void;
}

/** The least time of each key, for ever. */
export class FirstEver implements FirstRows {
  readonly #store: KeyValueStore<number>;

  constructor(store: KeyValueStore<number>) {
    this.#store = store;
  }
  prefetch(rows: readonly TimedRow[]): void {
    this.#store.prefetch(rows.map(({ key }) => key));
  }
  isFirst(key: string, time: number): boolean {
    const least = this.#store.get(key);
    if (least !== undefined && least <= time) return false;
    this.#store.put(key, time);
    return true;
  }
}

/** The times of the rows that were told of, as long as rows may come that they are before by less than the time to live. */
export class FirstInTime implements FirstRows {
  readonly #store: WindowStore<readonly number[]>;
  readonly #ttlMs: number;

  /** `store`: by buckets as wide as the time to live, so that two of them have all that a row may come behind. */
  constructor(store: WindowStore<readonly number[]>, ttlMs: number) {
    this.#store = store;
    this.#ttlMs = ttlMs;
  }
  prefetch(rows: readonly TimedRow[]): void {
    const wanted: [number, string][] = [];
    for (const { key, time } of rows) {
      const bucket = this.#bucketOf(time);
      wanted.push([bucket, key]);
      if (bucket >= this.#ttlMs) wanted.push([bucket - this.#ttlMs, key]);
    }
    this.#store.prefetch(wanted);
  }
  isFirst(key: string, time: number): boolean {
    const bucket = this.#bucketOf(time);
    const own = this.#store.get(bucket, key) ?? [];
    const covers = (first: number): boolean => first <= time && time - first < this.#ttlMs;
    if (own.some(covers)) return false;
    if (bucket >= this.#ttlMs && this.#store.get(bucket - this.#ttlMs, key)?.some(covers) === true) return false;
    this.#store.put(bucket, key, [...own, time]);
    return true;
  }
  forget(time: number): void {
    this.#store.expire(this.#bucketOf(time - this.#ttlMs));
  }
  #bucketOf(time: number): number {
    return Math.max(0, Math.floor(time / this.#ttlMs) * this.#ttlMs);
  }
}

export interface DedupParts {
  readonly rows: FirstRows;
  readonly partitionBy: (row: Row) => Row;
  readonly orderBy: (row: Row) => Value;
  /** How often the number, 1, is appended. */
  readonly numbers: number;
  readonly graceMs: number;
  /** Stores stream time. */
  readonly meta: Pick<CachedStore, 'meta' | 'setMeta'>;
  readonly position: RecordPosition;
  /** Called with each row that is dropped as later than the grace. */
  readonly onLate: (change: Change) => void;
}

/** The first row of each key, with its number. Rows without a time, or with a null in their key, have no number. */
export class Dedup implements Operator {
  readonly #parts: DedupParts;
  #streamTime: number;

  constructor(parts: DedupParts) {
    this.#parts = parts;
    this.#streamTime = parts.meta.meta?.[0] ?? -Infinity;
  }

  process([batch]: readonly Batch[]): Batch {
    const { rows, numbers, graceMs, meta } = this.#parts;
    const before = this.#streamTime;
    const timed = this.#timed(rowsOf(batch!));
    if (timed.length > 8) rows.prefetch(timed);
    const result: Change[] = [];
    for (const { key: text, time, change } of timed) {
      if (!rows.isFirst(text, time)) continue;
      const { key, timestamp, sequence, window, headers } = change;
      const after = change.after!;
      const row = widened(after, numbers).fill(1, after.length);
      result.push(new Change(key, undefined, row, timestamp, sequence, window, headers));
    }
    if (this.#streamTime > before) {
      rows.forget?.(this.#streamTime - graceMs);
      meta.setMeta([this.#streamTime]);
    }
    return batchOf(result);
  }

  /** The rows that may be the first of their key, in order. */
  #timed(changes: readonly Change[]): TimedRow[] {
    const { partitionBy, orderBy, graceMs, position, onLate } = this.#parts;
    const timed: TimedRow[] = [];
    for (const change of changes) {
      const { after, sequence } = change;
      if (after === undefined) continue;
      position.sequence = sequence;
      const partition = partitionBy(after);
      const value = orderBy(after);
      if (value === null || hasNull(partition)) continue;
      const time = Number(value);
      if (time > this.#streamTime) this.#streamTime = time;
      else if (time < this.#streamTime - graceMs) {
        onLate(change);
        continue;
      }
      timed.push({ key: keyText(partition), time, change });
    }
    return timed;
  }
}
