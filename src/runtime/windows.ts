import type { WindowSpec } from '../plan/window.ts';

/** The start of the earliest window that holds a timestamp; the others follow every `advanceMs`. */
export function firstWindowStart(timestamp: number, { sizeMs, advanceMs }: WindowSpec): number {
  return Math.max(0, (Math.floor((timestamp - sizeMs) / advanceMs) + 1) * advanceMs);
}
