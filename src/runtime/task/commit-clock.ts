import type { RunSettings } from '../run-settings.ts';

const idleMs = 50;

/** When a task has done something that it commits, and when it last did. Milliseconds of `performance.now()`. */
export class CommitClock {
  readonly #commit: RunSettings['commit'];
  #last = performance.now();
  #lastInput = performance.now();
  /** The task's position at the last commit. */
  position = 0;

  constructor({ commit }: RunSettings) {
    this.#commit = commit;
  }

  /** The task has taken records. */
  input(): void {
    this.#lastInput = performance.now();
  }
  begun(): void {
    this.#last = performance.now();
  }

  /**
   * Whether its commit interval is over, or the input has stopped and nothing else is to do. A task is at `position`, with `lag`
   * records before it.
   *
   * A task that is far behind commits less often, if no interval was set: what it reads now waits for others anyway. Far is what
   * takes longer than the longer interval, at the rate since the last commit: so no record is seen later than twice the time that
   * it waited.
   */
  isDue(position: number, lag: () => number): boolean {
    const { everyMs, behindMs } = this.#commit;
    const now = performance.now();
    const since = now - this.#last;
    if (since >= behindMs) return true;
    if (since >= everyMs) return lag() * since <= (position - this.position) * behindMs;
    return now - this.#lastInput > idleMs && since > everyMs / 4;
  }
}
