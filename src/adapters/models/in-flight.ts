import { ScoringError } from './provider.ts';

interface Waiting {
  readonly most: number;
  start: () => void;
}

/** Lets so many batches run at once; others wait in order, and no longer than to their deadline. */
export class InFlight {
  #running = 0;
  readonly #waiting = new Set<Waiting>();

  /** Runs the work when its turn comes. `most` is that of the caller: two may differ. */
  async run<T>(most: number, deadline: number, work: () => Promise<T>): Promise<T> {
    if (this.#running < most) this.#running++;
    else await this.#turn(most, deadline);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  /** Hands what has become free to the first that there is room for. There is room for one: all others found it full before. */
  #startNext(): void {
    for (const waiting of this.#waiting) {
      if (this.#running >= waiting.most) continue;
      this.#waiting.delete(waiting);
      this.#running++;
      waiting.start();
      return;
    }
  }

  /** Resolves when the caller is counted as running. */
  #turn(most: number, deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { most, start: resolve };
      this.#waiting.add(waiting);
      if (deadline === Infinity) return;
      const timer = setTimeout(
        () => {
          this.#waiting.delete(waiting);
          reject(new ScoringError('DEADLINE', 'the deadline was over while other batches were scored'));
        },
        Math.max(0, deadline - performance.now()),
      );
      waiting.start = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
