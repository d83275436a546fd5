import type { WindowSpec } from '../specs/window.ts';
import { EvaluationError } from '../types/numbers.ts';
import type { Value, Row } from '../types/sql-type.ts';
import type { Change } from './change.ts';
import type { HeldHeaders } from './held-headers.ts';

/** When and how window operators emit rows. */
export interface WindowEmission {
  /** EMIT FINAL: once, when the window closes. */
  readonly final: boolean;
  /** Whether a micro-batch emits only the last row of a window and group. */
  readonly conflate: boolean;
  /** Whether a change has the row before it. */
  readonly withBefore: boolean;
  /** Set with `final`. */
  readonly held?: HeldHeaders | undefined;
  /** Called with each row that is too late for all of its windows. */
  readonly onLate: (change: Change) => void;
}

/** The start of the first window that contains a timestamp; further ones follow every `advanceMs`. */
export function firstWindowStart(timestamp: number, { sizeMs, advanceMs }: WindowSpec): number {
  return Math.max(0, (Math.floor((timestamp - sizeMs) / advanceMs) + 1) * advanceMs);
}

/** Sets the last three slots of a windowed row: event time, window start and window end. */
export function putBounds(row: Value[], timestamp: number, start: number, end: number): Row {
  const at = row.length - 3;
  row[at] = timestamp;
  row[at + 1] = start;
  row[at + 2] = end;
  return row;
}

/** The numbers from `first` to `last`, `step` apart. */
export function* steps(first: number, last: number, step: number): Iterable<number> {
  for (let value = first; value <= last; value += step) yield value;
}

/** Times are exact to the millisecond: one that no number holds exactly, or a negative one, is refused where it comes in or leaves. */
export function checkTime(time: number): void {
  if (time >= 0 && time <= Number.MAX_SAFE_INTEGER) return;
  throw new EvaluationError(time < 0 ? `the timestamp ${time} is negative` : `the timestamp ${time} is out of range`);
}
