import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** What a node tells; `seconds` is the mean of its micro-batches. */
type Report = Readonly<Record<'recordsIn' | 'recordsOut' | 'seconds' | 'commits', number>>;

/** What Prometheus reads at /metrics: by query, from the moment it runs. */
export class Metrics {
  readonly registry = new Registry();
  readonly #in = new Counter({
    name: 'millrace_records_in_total',
    help: 'Records that a query has read',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #out = new Counter({
    name: 'millrace_records_out_total',
    help: 'Records that a query has written',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #latency = new Histogram({
    name: 'millrace_batch_seconds',
    help: 'Time that a micro-batch takes: from its records at hand to its rows sent, embedded to its commit',
    labelNames: ['query'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });
  readonly #commits = new Counter({
    name: 'millrace_commits_total',
    help: 'Commits of a query',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #lag = new Gauge({
    name: 'millrace_lag_records',
    help: 'Records at the end of the inputs that a query has not processed',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #errors = new Gauge({
    name: 'millrace_errors',
    help: 'Records and expressions of a query that failed',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #state = new Gauge({
    name: 'millrace_state_bytes',
    help: 'Bytes of state on disk and in memory',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #tasks = new Gauge({
    name: 'millrace_tasks',
    help: 'Tasks of a query on this node',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #restored = new Gauge({
    name: 'millrace_restored_records',
    help: 'Records read from changelogs to restore the state of a query on this node',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #memory = new Gauge({
    name: 'millrace_resident_bytes',
    help: 'Resident memory of the process',
    registers: [this.registry],
  });

  /** Told by nodes after each micro-batch. */
  readonly onBatch = (query: string, { recordsIn, recordsOut, seconds, commits }: Report): void => {
    this.#in.inc({ query }, recordsIn);
    this.#out.inc({ query }, recordsOut);
    this.#latency.observe({ query }, seconds);
    this.#commits.inc({ query }, commits);
  };

  async text(engine: Engine): Promise<string> {
    for (const { id } of engine.catalog.queries.values()) {
      const status = engine.node.status(id);
      if (status === undefined) continue;
      this.#lag.set({ query: id }, status.lag);
      this.#errors.set({ query: id }, status.errors);
      this.#state.set({ query: id }, status.stateBytes);
      this.#tasks.set({ query: id }, status.tasks);
      this.#restored.set({ query: id }, status.restored);
    }
    this.#memory.set(process.memoryUsage.rss());
    return this.registry.metrics();
  }
}
