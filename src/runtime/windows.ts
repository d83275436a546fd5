import type { WindowSpec } from '../specs/window.ts';
import type { Value, Row } from '../types/sql-type.ts';

/** The start of the earliest window that holds a timestamp; the others follow every `advanceMs`. */
export function firstWindowStart(timestamp: number, { sizeMs, advanceMs }: WindowSpec): number {
  return Math.max(0, (Math.floor((timestamp - sizeMs) / advanceMs) + 1) * advanceMs);
}

/** Fills the last three places of a windowed aggregation's row: its event time and the bounds of its window. */
export function putBounds(row: Value[], timestamp: number, start: number, end: number): Row {
  const at = row.length - 3;
  row[at] = timestamp;
  row[at + 1] = start;
  row[at + 2] = end;
  return row;
}

/** The numbers from `first` to `last` in steps. */
export function* steps(first: number, last: number, step: number): Iterable<number> {
  for (let each = first; each <= last; each += step) yield each;
}
