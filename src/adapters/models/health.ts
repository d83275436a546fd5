import { ScoringError } from './provider.ts';

/** What a server said last when it was asked whether it serves; it is asked again when that is some time ago. */
export class Health {
  #askedAt = -Infinity;
  #answer: Promise<ScoringError | undefined> = Promise.resolve(undefined);

  /** Why the server is not to be called; undefined when it is. */
  problem(check: () => Promise<unknown>, intervalMs: number): Promise<ScoringError | undefined> {
    const now = performance.now();
    if (now - this.#askedAt >= intervalMs) {
      this.#askedAt = now;
      this.#answer = check().then(
        () => undefined,
        (error: unknown) => new ScoringError('NETWORK', `health check: ${(error as Error).message}`),
      );
    }
    return this.#answer;
  }
}
