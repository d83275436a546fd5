import { Gauge, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** How far feature views with FRESHNESS are behind their sources, for Prometheus. */
export class FreshnessGauges {
  readonly #lag: Gauge;
  readonly #target: Gauge;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string): Gauge =>
      new Gauge({ name, help, labelNames: ['view'], registers: [registry] });
    this.#lag = gauge('feature_view_lag_seconds', 'How far a feature view with FRESHNESS is behind its sources');
    this.#target = gauge('feature_view_freshness_target_seconds', 'FRESHNESS of a feature view');
  }

  read({ catalog, viewLags }: Engine): void {
    for (const gauge of [this.#lag, this.#target]) gauge.reset();
    for (const [view, { featureView, createdBy }] of catalog.sources) {
      const targetMs = featureView?.freshnessTargetMs;
      if (targetMs === undefined || createdBy === undefined) continue;
      this.#target.set({ view }, targetMs / 1000);
      const lag = viewLags.lagOf(createdBy);
      // While it is not known, how far it is behind at least.
      if (lag !== undefined) this.#lag.set({ view }, (lag.ms ?? lag.atLeastMs) / 1000);
    }
  }
}
