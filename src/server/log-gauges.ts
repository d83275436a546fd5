import { Counter, Gauge, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** What the embedded log and the log of commands have, have compacted and have still to compact, for Prometheus. */
export class LogGauges {
  readonly #cleanable: Gauge;
  readonly #held: Gauge;
  readonly #reclaimed: Counter;
  readonly #failures: Counter;
  readonly #commands: Gauge;
  readonly #removedCommands: Counter;
  readonly #commandFailures: Counter;

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
    this.#commands = new Gauge({
      name: 'millrace_command_log_commands',
      help: 'Commands in the command log, all of which a start reads',
      registers,
    });
    this.#removedCommands = new Counter({
      name: 'millrace_command_log_removed_total',
      help: 'Commands without effect that compaction has removed from the command log',
      registers,
    });
    this.#commandFailures = new Counter({
      name: 'millrace_command_log_failures_total',
      help: 'Compactions of the command log that failed and left it as it was',
      registers,
    });
  }

  async read({ node, compaction }: Engine): Promise<void> {
    const { commands, removed, failures } = compaction.figures;
    this.#commands.set(commands);
    count(this.#removedCommands, removed);
    count(this.#commandFailures, failures);
    const figures = await node.logCleaning?.();
    if (figures === undefined) return;
    this.#cleanable.set(figures.cleanableBytes);
    this.#held.set(figures.heldBytes);
    count(this.#reclaimed, figures.reclaimedBytes);
    count(this.#failures, figures.failures);
  }
}

function count(counter: Counter, value: number): void {
  counter.reset();
  counter.inc(Math.max(0, value));
}
