import type { Row } from '../types/sql-type.ts';
import type { RecordHeader } from '../records/batch.ts';
import { identity } from '../types/compare.ts';

/** The bounds of a window in milliseconds: the end is exclusive for time windows, inclusive for sessions. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * One change of a stream or table. A stream's change has `after` only (undefined is a null value); a table's says what was there
 * and what is there now, undefined meaning nothing. `sequence` numbers the source record of this micro-batch that caused it.
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

/** Gives a change other rows, for an operator that nobody shares it with. */
export function replaceRows(change: Change, before: Row | undefined, after: Row | undefined): void {
  const own = change as { before: Row | undefined; after: Row | undefined };
  own.before = before;
  own.after = after;
}

/** A text that is the same for equal keys of one store. */
export function keyText(key: Row): string {
  if (key.length === 1) {
    const only = key[0]!;
    if (typeof only === 'string') return only;
    if (typeof only === 'number') return String(only);
  }
  return String(identity(key));
}

/** The same for a row whose key may have a window: equal keys of two windows are two rows. */
export function rowText({ key, window }: Change): string {
  return window === undefined ? keyText(key) : `${window.start}/${window.end}/${keyText(key)}`;
}
export function* rowTexts(changes: readonly Change[]): Iterable<string> {
  for (const change of changes) yield rowText(change);
}

export const hasNull = (key: Row): boolean => (key.length === 1 ? key[0] === null : key.includes(null));
