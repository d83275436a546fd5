/**
 * An event for one waiter that stays set until it has been waited for: who looks, finds nothing and then waits cannot sleep past
 * what came in between.
 */
export class AutoResetEvent {
  #isSet = false;
  #resume: (() => void) | undefined;

  set(): void {
    this.#isSet = true;
    this.#resume?.();
  }

  /** Ends when it is set, at once if it was set since the last wait, or when the time is over. */
  async wait(ms?: number): Promise<void> {
    if (!this.#isSet) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
        this.#resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#resume = undefined;
    }
    this.#isSet = false;
  }
}
