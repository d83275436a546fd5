/** Calls of less time are quick: to tell another thread of one costs as much. */
const quickMs = 0.5;
/** So many slow calls in a row are the model's: fewer may be those of a thread that had to wait for a core. */
const slowCalls = 8;

/** How many rows a call of a model may have to be known as quick, by what its calls took. */
export class QuickRows {
  #most = 0;
  #calls = 0;
  #slow = 0;

  /** How many quick calls there were. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether a call of no fewer rows was quick, and those of so few have not become slow since. */
  has(rows: number): boolean {
    return rows <= this.#most;
  }

  /** Notes what a call took. */
  took(rows: number, ms: number): void {
    if (ms < quickMs) {
      this.#calls++;
      this.#slow = 0;
      this.#most = Math.max(this.#most, rows);
    } else if (rows <= this.#most && ++this.#slow === slowCalls) {
      this.#slow = 0;
      this.#most = rows >> 1;
    }
  }
}
