import type { VersionStats } from '../../runtime/ports/scoring-stats.ts';

/** When calls that are likely to fail are not made. */
export interface BreakerOptions {
  /** The part of the last calls that must have failed. */
  readonly threshold: number;
  /** So many calls are looked at. */
  readonly calls: number;
  /** How long no call is made. */
  readonly openMs: number;
  /** So many calls must succeed after that. */
  readonly probes: number;
}

export type CircuitState = NonNullable<VersionStats['circuit']>;

/**
 * Opens when too many of the last calls have failed: nothing is called for a time. Then a few calls are let through, and it closes
 * when all of them succeed.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #now: () => number;
  /** Of the last calls, oldest first: whether they failed. */
  #failed: boolean[] = [];
  #openUntil: number | undefined;
  #admitted = 0;
  #succeeded = 0;

  constructor(options: BreakerOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  get state(): CircuitState {
    if (this.#openUntil === undefined) return 'closed';
    return this.#now() < this.#openUntil ? 'open' : 'half-open';
  }

  /** Whether a call may be made; it must then be told of by `record`. */
  admit(): boolean {
    const { state } = this;
    if (state === 'half-open') return this.#admitted < this.#options.probes && ++this.#admitted > 0;
    return state === 'closed';
  }

  /** Takes how a call ended; undefined when that says nothing of the server. */
  record(isGood: boolean | undefined): void {
    const { threshold, calls, probes } = this.#options;
    const { state } = this;
    if (state === 'half-open') {
      if (isGood === undefined) this.#admitted--;
      else if (!isGood) this.#open();
      else if (++this.#succeeded >= probes) this.#close();
      return;
    }
    if (state === 'open' || isGood === undefined) return;
    this.#failed.push(!isGood);
    if (this.#failed.length > calls) this.#failed.shift();
    const failures = this.#failed.filter(Boolean).length;
    if (this.#failed.length >= calls && failures / this.#failed.length >= threshold) this.#open();
  }

  #open(): void {
    this.#openUntil = this.#now() + this.#options.openMs;
    this.#admitted = this.#succeeded = 0;
  }
  #close(): void {
    this.#openUntil = undefined;
    this.#failed = [];
  }
}
