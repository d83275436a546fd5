/**
 * Memory that several readers share and that is used again once all of them have let go. A reader that never lets go leaves it to
 * the collector: nothing is lost but the second use.
 */
export class Lease {
  #holders = 1;
  readonly #free: () => void;

  /** Held once, by whoever makes it. */
  constructor(free: () => void) {
    this.#free = free;
  }

  hold(): void {
    this.#holders++;
  }
  release(): void {
    if (--this.#holders === 0) this.#free();
  }
}
