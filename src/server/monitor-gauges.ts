import { Gauge, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import { monitorStates, type CheckState } from '../engine/monitors/states.ts';

/** The states of checks as numbers: the greater, the worse; too few rows are below all. */
const stateNumbers: Readonly<Record<string, number>> = { INSUFFICIENT_DATA: -1, OK: 0, WARN: 1, ALERT: 2 };

/** What monitors found in the windows that were over last, for Prometheus. */
export class MonitorGauges {
  readonly #state: Gauge;
  readonly #value: Gauge;
  readonly #rows: Gauge;
  readonly #ofMetric: Readonly<Record<string, Gauge>>;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.#state = gauge(
      'monitor_state',
      'The state of a check: 0 OK, 1 WARN, 2 ALERT, -1 too few rows',
      'monitor',
      'constraint',
      'segment',
      'severity',
    );
    this.#value = gauge('monitor_value', 'What a check looked at', 'monitor', 'constraint', 'segment', 'metric');
    this.#rows = gauge('feature_rows', 'Rows in the window that was over last', 'view', 'segment');
    this.#ofMetric = {
      DRIFT: gauge('feature_drift', 'How far a column is from its baseline', 'view', 'feature', 'metric', 'segment'),
      NULL_RATE: gauge('feature_null_rate', 'The share of rows without a value', 'view', 'feature', 'segment'),
      FRESHNESS: gauge('feature_freshness_seconds', 'Seconds since the newest event', 'view', 'segment'),
    };
  }

  async read(engine: Engine): Promise<void> {
    for (const gauge of [this.#state, this.#value, this.#rows, ...Object.values(this.#ofMetric)]) gauge.reset();
    for (const query of engine.catalog.queries.values()) {
      if (query.kind !== 'MONITOR') continue;
      for (const state of (await monitorStates(query, engine)) ?? []) this.#set(query.sink, query.sources[0]!, state);
    }
  }

  #set(monitor: string, view: string, check: CheckState): void {
    const { constraint, severity, value, metric, column, rowCount } = check;
    const segment = check.segment ?? '';
    this.#state.set({ monitor, constraint, segment, severity }, stateNumbers[check.state] ?? -1);
    this.#rows.set({ view, segment }, rowCount);
    if (value === null || metric === null) return;
    this.#value.set({ monitor, constraint, segment, metric }, value);
    const [fn] = metric.split('(');
    const measure = /'([^']+)'/.exec(metric)?.[1];
    this.#ofMetric[fn!]?.set(
      {
        view,
        segment,
        ...(column === null ? {} : { feature: column }),
        ...(fn === 'DRIFT' && measure !== undefined ? { metric: measure } : {}),
      },
      value,
    );
  }
}
