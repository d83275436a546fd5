import { setTimeout as sleep } from 'node:timers/promises';

/** Pauses between attempts: each is `factor` (default 2) times the previous one, up to the longest. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly factor?: number;
}

/**
 * Exponential backoff with jitter: a random part of up to half is cut off each pause, so that clients that failed together do
 * not retry together.
 */
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

  /** After a success: the next pause is the first one again. */
  reset(): void {
    this.#ms = this.#pauses.firstMs;
  }
}

export interface RetryOptions extends Pauses {
  /** How often the call may be repeated after a failure. */
  readonly retries: number;
  /** Whether an error is transient; others are thrown at once. */
  readonly mayPass?: (error: unknown) => boolean;
  /** Called after the pause, before the next attempt. */
  readonly prepare?: (error: unknown) => unknown;
  /** In time of `performance.now()`: no pause goes beyond it. */
  readonly deadline?: number;
  /** Aborts the pauses, but not a call in progress. */
  readonly signal?: AbortSignal;
}

/** Repeats a failing call with growing pauses; throws the last error. */
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
