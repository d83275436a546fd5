import type { VersionsSpec } from '../../specs/temporal.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change, hasNull, keyText, rowTexts } from '../change.ts';
import type { CountedEvent } from '../ports/counted-events.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import { VersionHistory, type HistoryStores, type Version } from '../temporal/version-history.ts';
import { WaitingRows, type StoredRow } from '../temporal/waiting-rows.ts';
import type { WindowStore } from '../stores/window-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches, JoinRow } from './stream-table-join.ts';

export interface TemporalJoinParts {
  readonly history: HistoryStores;
  readonly waiting: WindowStore<StoredRow>;
  /** The time that is asked for; undefined: the time of the row. */
  readonly asOf: ((row: Row) => Value) | undefined;
  /** From when on a version holds; undefined: the time of its record. */
  readonly from: ((row: Row) => Value) | undefined;
  readonly isInner: boolean;
  readonly row: JoinRow;
  readonly matches: JoinMatches;
  readonly versions: VersionsSpec;
  readonly position: RecordPosition;
  readonly count: (event: CountedEvent) => void;
}

/**
 * Joins each row of a stream with the version of the right row of its key that holds at a time: the newest at or before it. Without a
 * wait a row is answered with what is there. With one it is answered at the latest when stream time has passed its own time by the
 * wait. As long as the right side comes in order, it is answered before, when the version of its very time comes, or the right side has
 * passed that time; later on a version may still be on its way. Rows that were answered are not answered again when a version comes
 * later.
 */
export class TemporalJoin implements Operator {
  readonly #parts: TemporalJoinParts;
  readonly #history: VersionHistory;
  readonly #waiting: WaitingRows | undefined;
  /** The greatest time of all rows, and of the right side's. */
  #streamTime: number;
  #rightTime: number;
  #arrivals: number;
  /** Whether a version has come behind one of a later time. */
  #isDisordered: boolean;

  constructor(parts: TemporalJoinParts) {
    this.#parts = parts;
    const { historyMs, ttlMs, waitMs } = parts.versions;
    const meta = (parts.history.keys.meta ?? [-Infinity, -Infinity, 0, 0]) as [number, number, number, number];
    [this.#streamTime, this.#rightTime, this.#arrivals] = meta;
    this.#isDisordered = meta[3] === 1;
    const keptMs = historyMs + (ttlMs ?? 0);
    this.#history = new VersionHistory(parts.history, keptMs, ttlMs === undefined, this.#streamTime);
    this.#waiting = waitMs === 0 ? undefined : new WaitingRows(parts.waiting, keyText);
  }

  process([left, right]: readonly Batch[]): Batch {
    const result: Change[] = [];
    const [rows, versions] = [rowsOf(left!), rowsOf(right!)];
    const { keys } = this.#parts.history;
    if (rows.length > 8) keys.prefetch(rowTexts(rows));
    if (versions.length > 8) keys.prefetch(rowTexts(versions));
    mergeInputs(
      rows,
      versions,
      (change) => this.#arrive(change, result),
      (change) => this.#keep(change, result),
    );
    this.#remember();
    return batchOf(result);
  }
  #remember(): void {
    const flags = this.#isDisordered ? 1 : 0;
    this.#parts.history.keys.setMeta([this.#streamTime, this.#rightTime, this.#arrivals, flags]);
  }

  /** A row of the stream. */
  #arrive(change: Change, result: Change[]): void {
    const { after, timestamp, sequence } = change;
    if (after === undefined) return;
    this.#parts.position.sequence = sequence;
    const { asOf: timeOf, versions } = this.#parts;
    const time = timeOf === undefined ? timestamp : timeOf(after);
    this.#advance(timestamp, sequence, result);
    if (time === null || hasNull(change.key)) {
      this.#emit(change, undefined, result);
      return;
    }
    const asOf = versions.isStrict === true ? Number(time) - 1 : Number(time);
    const due = Math.max(0, Math.min(asOf, timestamp));
    if (this.#waiting === undefined || due <= this.#limit) this.#answer(change, asOf, result);
    else {
      const key = keyText(change.key);
      if (!this.#isDisordered && this.#history.at(key, asOf)?.[0] === asOf) this.#answer(change, asOf, result);
      else this.#waiting.put(key, change, asOf, due, this.#arrivals++);
    }
  }

  /** A version of a row of the right side. */
  #keep(change: Change, result: Change[]): void {
    const { key, after, timestamp, sequence } = change;
    if (hasNull(key)) return;
    this.#parts.position.sequence = sequence;
    const time = this.#fromOf(after, timestamp);
    if (time === null) return;
    const text = keyText(key);
    if (time < this.#rightTime) this.#isDisordered = true;
    else this.#rightTime = time;
    const version: Version = [time, 0, after ?? null];
    if (this.#parts.versions.order === 'offset') this.#history.replaceFrom(text, version);
    else this.#history.put(text, version);
    if (this.#waiting !== undefined && !this.#isDisordered)
      for (const [waiting, asOf] of this.#waiting.at(text, time, sequence)) this.#answer(waiting, asOf, result);
    this.#advance(time, sequence, result);
  }
  /** From when on a row of the right side holds, a deletion from its record's time on; null: never. */
  #fromOf(row: Row | undefined, timestamp: number): number | null {
    if (this.#parts.from === undefined || row === undefined) return timestamp;
    const from = this.#parts.from(row);
    return from !== null ? Number(from) : this.#parts.versions.orRecordTime ? timestamp : null;
  }

  /** Rows that wait for a time up to this wait no more. */
  get #limit(): number {
    const passed = this.#streamTime - this.#parts.versions.waitMs;
    return this.#isDisordered ? passed : Math.max(passed, this.#rightTime - 1);
  }
  #advance(time: number, sequence: number, result: Change[]): void {
    if (time > this.#streamTime) this.#streamTime = time;
    this.#release(this.#limit, sequence, result);
    this.#history.advance(this.#streamTime);
  }
  #release(limit: number, sequence: number, result: Change[]): void {
    if (this.#waiting === undefined) return;
    for (let next = this.#waiting.next(limit, sequence); next !== undefined; next = this.#waiting.next(limit, sequence))
      this.#answer(next[0], next[1], result);
    this.#waiting.expire(Math.max(0, this.#streamTime - this.#parts.versions.waitMs));
  }

  #answer(change: Change, asOf: number, result: Change[]): void {
    const { versions, matches, count } = this.#parts;
    this.#parts.position.sequence = change.sequence;
    if (asOf < this.#streamTime - versions.historyMs) {
      count('temporal_join_expired');
      this.#emit(change, undefined, result);
      return;
    }
    const version: Version | undefined = this.#history.at(keyText(change.key), asOf);
    if (this.#rightTime < asOf) count('temporal_join_behind');
    const { ttlMs = Infinity } = versions;
    const found = version?.[2] ?? undefined;
    const isTooOld = found !== undefined && version![0] < asOf - ttlMs;
    const row = isTooOld ? undefined : found;
    const isMatch = row !== undefined && matches?.(change.after!, row) !== false;
    this.#emit(change, isMatch ? row : undefined, result);
  }
  #emit({ key, after, timestamp, sequence, window, headers }: Change, right: Row | undefined, result: Change[]): void {
    if (right === undefined && this.#parts.isInner) return;
    result.push(new Change(key, undefined, this.#parts.row(key, after, right), timestamp, sequence, window, headers));
  }

  closeIdle(): Batch {
    const result: Change[] = [];
    this.#release(Infinity, 0, result);
    this.#remember();
    return batchOf(result);
  }
}
