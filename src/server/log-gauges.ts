import { Counter, Gauge, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** What the embedded log has compacted and has still to compact, for Prometheus. */
export class LogGauges {
  readonly #cleanable: Gauge;
  readonly #held: Gauge;
  readonly #reclaimed: Counter;
  readonly #failures: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#cleanable = new Gauge({
      name: 'millrace_log_cleanable_bytes',
      help: 'Bytes of compacted topics of the embedded log that may be compacted and have not been',
      registers,
    });
    this.#held = new Gauge({
      name: 'millrace_log_held_bytes',
      help: 'Bytes that compaction leaves for queries that have still to read them, or for min.compaction.lag.ms',
      registers,
    });
    this.#reclaimed = new Counter({
      name: 'millrace_log_reclaimed_bytes_total',
      help: 'Bytes of the embedded log that compaction has made free',
      registers,
    });
    this.#failures = new Counter({
      name: 'millrace_log_cleaner_failures_total',
      help: 'Compactions of a partition of the embedded log that failed and left it as it was',
      registers,
    });
  }

  async read({ node }: Engine): Promise<void> {
    const figures = await node.logCleaning?.();
    if (figures === undefined) return;
    this.#cleanable.set(figures.cleanableBytes);
    this.#held.set(figures.heldBytes);
    for (const [counter, value] of [
      [this.#reclaimed, figures.reclaimedBytes],
      [this.#failures, figures.failures],
    ] as const) {
      counter.reset();
      counter.inc(Math.max(0, value));
    }
  }
}
