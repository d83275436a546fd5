/**
 * Reference count of memory that several readers share and that is reused after the last of them releases it. If a reader never
 * releases it, the memory is not reused, and the garbage collector frees it.
 */
export class Lease {
  #holders = 1;
  readonly #free: () => void;

  /** Starts with one reference, which belongs to the creator. */
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
