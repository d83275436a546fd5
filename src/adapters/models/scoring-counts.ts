import type { Scored } from '../../runtime/ports/model-host.ts';
import { bucketOf, secondsBounds, sizeBounds, type VersionStats } from '../../runtime/ports/scoring-stats.ts';
import { ScoringError } from './provider.ts';

class Histogram {
  readonly #bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }
  observe(value: number): void {
    this.counts[bucketOf(this.#bounds, value)]!++;
    this.sum += value;
  }
}

/** Counts what one version of a model scores. */
export class VersionCounts {
  readonly #rows = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  readonly #seconds = new Histogram(secondsBounds);
  readonly #sizes = new Histogram(sizeBounds);
  #inFlight = 0;
  defaults = 0;

  /** Makes a call of the model, and counts it. */
  async call<T>(rows: number, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    this.#inFlight++;
    let outcome = 'ok';
    try {
      return await work();
    } catch (error) {
      outcome = error instanceof ScoringError ? error.failure : 'BAD_RESPONSE';
      throw error;
    } finally {
      this.#inFlight--;
      add(this.#calls, outcome, 1);
      this.#seconds.observe((performance.now() - started) / 1000);
      this.#sizes.observe(rows);
    }
  }

  results(results: readonly Scored[]): void {
    let good = 0;
    for (const { error, cause } of results)
      if (cause === undefined) good++;
      else add(this.#rows, error ?? 'null_input', 1);
    if (good > 0) add(this.#rows, 'ok', good);
  }

  stats(model: string, version: number): VersionStats {
    const of = ({ counts, sum }: Histogram): { counts: number[]; sum: number } => ({ counts: [...counts], sum });
    return {
      model,
      version,
      rows: Object.fromEntries(this.#rows),
      calls: Object.fromEntries(this.#calls),
      seconds: of(this.#seconds),
      sizes: of(this.#sizes),
      inFlight: this.#inFlight,
      defaults: this.defaults,
    };
  }
}

const add = (counts: Map<string, number>, name: string, count: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + count);
};
