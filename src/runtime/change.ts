import type { Row } from '../types/sql-type.ts';
import type { RecordHeader } from '../records/batch.ts';
import { identity } from '../types/compare.ts';

/** The bounds of a window in milliseconds. The end is exclusive for time windows and inclusive for sessions. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * A change of a stream or table. For a stream only `after` is set (undefined: null value). For a table `before` and `after` are
 * the previous and the new row, undefined meaning no row. `sequence` is the number of the source record in this micro-batch
 * that caused it.
 */
export class Change {
  readonly key: Row;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  readonly timestamp: number;
  readonly sequence: number;
  readonly window: Window | undefined;
  readonly headers: readonly RecordHeader[] | undefined;

  constructor(
    key: Row,
    before: Row | undefined,
    after: Row | undefined,
    timestamp: number,
    sequence: number,
    window?: Window,
    headers?: readonly RecordHeader[],
  ) {
    this.key = key;
    this.before = before;
    this.after = after;
    this.timestamp = timestamp;
    this.sequence = sequence;
    this.window = window;
    this.headers = headers;
  }
}

/** Replaces the rows of a change in place, for an operator that owns its input. */
export function replaceRows(change: Change, before: Row | undefined, after: Row | undefined): void {
  const own = change as { before: Row | undefined; after: Row | undefined };
  own.before = before;
  own.after = after;
}

/** Gives a change of a stream another key and row in place, for an operator that owns its input. */
export function moveChange(change: Change, key: Row, after: Row | undefined): void {
  const own = change as { key: Row; after: Row | undefined };
  own.key = key;
  own.after = after;
}

/** A key as text: equal keys of a store have equal texts. */
export function keyText(key: Row): string {
  if (key.length === 1) {
    const only = key[0]!;
    if (typeof only === 'string') return only;
    if (typeof only === 'number') return String(only);
  }
  return String(identity(key));
}

/** The same for a row that may be windowed: rows of different windows have different texts. */
export function rowText({ key, window }: Change): string {
  return window === undefined ? keyText(key) : `${window.start}/${window.end}/${keyText(key)}`;
}
export function* rowTexts(changes: readonly Change[]): Iterable<string> {
  for (const change of changes) yield rowText(change);
}

const absent: readonly Row[] = Array.from({ length: 64 }, (_, count) =>
  Object.freeze(new Array<null>(count).fill(null)),
);

/**
 * The key of a record without one, read with several key columns: all of them are null, and it leaves without a key. Another
 * array of nulls is a key that holds nulls.
 */
export const absentKey = (count: number): Row => absent[count] ?? new Array<null>(count).fill(null);
export const isAbsent = (key: Row): boolean => key === absent[key.length];

export const hasNull = (key: Row): boolean => (key.length === 1 ? key[0] === null : key.includes(null));
