import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import { modelMetrics } from './model-metrics.ts';
import { MonitorGauges } from './monitor-gauges.ts';
import { FreshnessGauges } from './freshness-gauges.ts';
import { LogGauges } from './log-gauges.ts';
import { VerificationGauges } from './verification-gauges.ts';
import { countedEvents, type CountedEvent } from '../runtime/ports/counted-events.ts';
import { queryStates, type QueryStatus } from '../runtime/ports/node.ts';

/** A node's report about some micro-batches; `seconds` is the mean duration of one. */
type Report = Readonly<Record<'recordsIn' | 'recordsOut' | 'seconds' | 'commits', number>>;

const counted = (value: number): number => (value > 0 && value < Infinity ? value : 0);

/** The metrics at /metrics for Prometheus. A query has metrics as soon as it runs. */
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
  readonly #last = new Gauge({
    name: 'millrace_last_records_timestamp_seconds',
    help: 'When a query last worked on records, in seconds since 1970; since its start where it has not',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #errors = new Counter({
    name: 'millrace_errors_total',
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
  readonly #queryState = new Gauge({
    name: 'millrace_query_state',
    help: 'The state of a query on this node: 1 for the one that it is in',
    labelNames: ['query', 'state'],
    registers: [this.registry],
  });
  readonly #expired = new Gauge({
    name: 'millrace_expired_records',
    help: 'Records that retention deleted before the query had read them',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #restored = new Gauge({
    name: 'millrace_restored_records',
    help: 'Records read from changelogs to restore the state of a query on this node',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #standbys = new Gauge({
    name: 'millrace_standby_tasks',
    help: 'Tasks of a query that other nodes run and whose state this node keeps too',
    labelNames: ['query'],
    registers: [this.registry],
  });
  readonly #events: Readonly<Record<CountedEvent, Counter<'query'>>> = {
    temporal_join_expired: this.#counter(
      'temporal_join_expired',
      'Rows that a join as of a time asked for what is older than HISTORY',
    ),
    temporal_join_behind: this.#counter(
      'temporal_join_behind',
      'Rows that a join as of a time answered before what they are joined with had come to their time',
    ),
  };
  readonly #memory = new Gauge({
    name: 'millrace_resident_bytes',
    help: 'Resident memory of the process',
    registers: [this.registry],
  });

  readonly #monitors = new MonitorGauges(this.registry);
  readonly #log = new LogGauges(this.registry);
  readonly #freshness = new FreshnessGauges(this.registry);
  readonly #verifications = new VerificationGauges(this.registry);

  /** The queries that have series. */
  readonly #queries = new Set<string>();
  readonly #ofQueries: readonly Metric<'query'>[] = [
    this.#in,
    this.#out,
    this.#latency,
    this.#commits,
    this.#lag,
    this.#last,
    this.#errors,
    this.#state,
    this.#tasks,
    this.#expired,
    this.#restored,
    this.#standbys,
    ...Object.values(this.#events),
  ];

  constructor() {
    // The process and Node's runtime: CPU, heap, garbage collection, the delay of the event loop, open files.
    // That delay is measured ten times a second: each time wakes an idle node.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 100 });
  }

  #counter(name: CountedEvent, help: string): Counter<'query'> {
    return new Counter({ name: `${name}_total`, help, labelNames: ['query'], registers: [this.registry] });
  }

  /** Called by nodes after micro-batches. */
  readonly onBatch = (query: string, { recordsIn, recordsOut, seconds, commits }: Report): void => {
    this.#begin(query);
    // Counters refuse what would make them smaller. A wrong report may cost a figure, never the node.
    this.#in.inc({ query }, counted(recordsIn));
    this.#out.inc({ query }, counted(recordsOut));
    this.#latency.observe({ query }, counted(seconds));
    this.#commits.inc({ query }, counted(commits));
    if (recordsIn > 0) this.#last.set({ query }, Date.now() / 1000);
  };

  async text(engine: Engine): Promise<string> {
    const running = new Set<string>();
    for (const { id } of engine.catalog.queries.values()) {
      const status = engine.node.status(id);
      if (status === undefined) continue;
      running.add(id);
      this.#tell(id, status);
    }
    // An alert about a query that was dropped would never end.
    for (const query of this.#queries) if (!running.has(query)) this.#forget(query);
    await this.#monitors.read(engine);
    this.#freshness.read(engine);
    this.#verifications.read(engine);
    await this.#log.read(engine);
    this.#memory.set(process.memoryUsage.rss());
    return (await this.registry.metrics()) + modelMetrics((await engine.models?.stats()) ?? []);
  }

  /** Rates and alerts need a first value to compare with. */
  #begin(query: string): void {
    if (this.#queries.has(query)) return;
    this.#queries.add(query);
    for (const metric of [this.#in, this.#out, this.#commits]) metric.inc({ query }, 0);
    this.#latency.zero({ query });
    this.#last.set({ query }, Date.now() / 1000);
  }

  #tell(query: string, status: QueryStatus): void {
    this.#begin(query);
    this.#lag.set({ query }, status.lag);
    this.#errors.remove({ query });
    this.#errors.inc({ query }, counted(status.errors));
    this.#state.set({ query }, status.stateBytes);
    this.#tasks.set({ query }, status.tasks);
    this.#restored.set({ query }, status.restored);
    this.#standbys.set({ query }, status.standbys ?? 0);
    this.#expired.set({ query }, status.expired ?? 0);
    for (const event of countedEvents) {
      this.#events[event].remove({ query });
      this.#events[event].inc({ query }, status.events?.[event] ?? 0);
    }
    for (const state of queryStates) this.#queryState.set({ query, state }, state === status.state ? 1 : 0);
  }

  #forget(query: string): void {
    this.#queries.delete(query);
    for (const metric of this.#ofQueries) metric.remove({ query });
    for (const state of queryStates) this.#queryState.remove({ query, state });
  }
}
