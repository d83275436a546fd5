import type { WindowSpec } from '../specs/window.ts';

/**
 * The panes of hopping windows: the intervals between consecutive window bounds. There is one pane per advance, or two when the
 * size is no multiple of the advance. Panes are numbered from the one that starts at time 0.
 */
export class Panes {
  readonly #advanceMs: number;
  /** The offset within an advance at which windows end; 0 when the size is a multiple of the advance. */
  readonly #restMs: number;
  readonly perAdvance: number;
  readonly perWindow: number;

  constructor({ sizeMs, advanceMs }: WindowSpec) {
    this.#advanceMs = advanceMs;
    this.#restMs = sizeMs % advanceMs;
    this.perAdvance = this.#restMs === 0 ? 1 : 2;
    this.perWindow = Math.floor(sizeMs / advanceMs) * this.perAdvance + (this.#restMs === 0 ? 0 : 1);
  }

  indexOf(timestamp: number): number {
    const advance = Math.floor(timestamp / this.#advanceMs);
    if (this.#restMs === 0) return advance;
    return advance * 2 + (timestamp - advance * this.#advanceMs >= this.#restMs ? 1 : 0);
  }
  startOf(index: number): number {
    if (this.#restMs === 0) return index * this.#advanceMs;
    return Math.floor(index / 2) * this.#advanceMs + (index % 2) * this.#restMs;
  }

  /** The first pane of the earliest window that contains a pane; no window starts before time 0. */
  firstOfWindows(index: number): number {
    const first = Math.ceil((index - this.perWindow + 1) / this.perAdvance) * this.perAdvance;
    return Math.max(0, first);
  }
}
