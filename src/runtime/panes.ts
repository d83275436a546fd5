import type { WindowSpec } from '../specs/window.ts';

/**
 * The panes of hopping windows: the pieces into which the starts and ends of all windows cut time, one for each advance, or two
 * where the size is no multiple of it. Panes are numbered from the one at time 0.
 */
export class Panes {
  readonly #advanceMs: number;
  /** Where in an advance the windows end that end there. */
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

  /** The first pane of the earliest window that holds a pane; none starts before time 0. */
  firstOfWindows(index: number): number {
    const first = Math.ceil((index - this.perWindow + 1) / this.perAdvance) * this.perAdvance;
    return Math.max(0, first);
  }
}
