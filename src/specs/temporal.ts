import type { RowOrder } from './row-order.ts';

/** How a join as of a time finds the version of a row. Times are in milliseconds. */
export interface VersionsSpec {
  /** How far behind stream time versions are found: a join as of an earlier time finds none. */
  readonly historyMs: number;
  /** How old a version may be at the time that is asked for; undefined: it holds until the next. */
  readonly ttlMs: number | undefined;
  /** Whether a version must be from before the time, and not of it. */
  readonly isStrict?: true;
  /** Which of several versions that are not after the time holds. */
  readonly order: RowOrder;
  /** Whether a version whose own time is NULL holds from the time of its record; else it is none. */
  readonly orRecordTime: boolean;
  /** How long, by stream time, a row waits for versions that are on their way. */
  readonly waitMs: number;
}

/** How long a table without HISTORY and a view without a TTL can be joined as of former times. */
export const defaultHistoryMs = 86_400_000;
