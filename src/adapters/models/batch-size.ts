/** Rows of a call where nothing else is said. */
export const usualRows = 256;
const mostRows = 2048;
/** Calls of fewer rows are made where one takes longer: it holds a worker, and memory in proportion to its rows. */
const longMs = 4;

/**
 * How many rows a call of a model in this process scores at most. A call costs something, so that one of more rows costs less a row;
 * its rows become more while it takes less time than `longMs`.
 */
export class BatchSize {
  readonly #workers: number;
  #size = usualRows;

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** The size for so many rows that are there: each worker has a share of them. */
  of(rows: number): number {
    return Math.max(usualRows, Math.min(this.#size, Math.ceil(rows / this.#workers)));
  }

  /** Notes what a call took. */
  took(rows: number, ms: number): void {
    if (ms > longMs) this.#size = Math.max(usualRows, this.#size / 2);
    else if (rows >= this.#size && ms < longMs / 2) this.#size = Math.min(mostRows, this.#size * 2);
  }
}
