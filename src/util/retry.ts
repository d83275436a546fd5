import { setTimeout as sleep } from 'node:timers/promises';

/** How pauses between attempts grow: each is `factor` (2) times the one before, up to the longest. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly factor?: number;
}

/** The pause before each next attempt. Of each a random half is left out, so that what failed together does not return together. */
export class Backoff {
  readonly #pauses: Pauses;
  #ms: number;

  constructor(pauses: Pauses) {
    this.#pauses = pauses;
    this.#ms = pauses.firstMs;
  }

  next(): number {
    const { factor = 2, longestMs } = this.#pauses;
    const pause = Math.min(this.#ms, longestMs) * (0.5 + Math.random() / 2);
    this.#ms = Math.min(this.#ms * factor, longestMs);
    return pause;
  }

  /** After a success the pauses begin with the first again. */
  reset(): void {
    this.#ms = this.#pauses.firstMs;
  }
}

export interface RetryOptions extends Pauses {
  /** How often the call may be repeated after it failed. */
  readonly retries: number;
  /** Whether an error may pass by itself; another one is thrown at once. */
  readonly mayPass?: (error: unknown) => boolean;
  /** What is done after the pause and before the call is repeated. */
  readonly prepare?: (error: unknown) => unknown;
  /** By `performance.now()`: no pause reaches beyond it. */
  readonly deadline?: number;
  /** Ends the pauses; the call itself is not interrupted. */
  readonly signal?: AbortSignal;
}

/** Repeats a call that fails, after growing pauses; the last error is thrown. */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, mayPass, prepare, deadline = Infinity, signal } = options;
  const backoff = new Backoff(options);
  for (let left = retries; ; left--) {
    signal?.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      const pause = backoff.next();
      if (left <= 0 || mayPass?.(error) === false || performance.now() + pause > deadline) throw error;
      await sleep(pause, undefined, { signal });
      await prepare?.(error);
    }
  }
}
