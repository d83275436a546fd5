import { Gauge, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** What the last verification of each feature view on this node found, for Prometheus. */
export class VerificationGauges {
  readonly #differing: Gauge;
  readonly #orderDependent: Gauge;
  readonly #values: Gauge;
  readonly #smape: Gauge;
  readonly #time: Gauge;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.#differing = gauge('feature_verification_differing_rows', 'Rows that the last VERIFY found to differ', 'view');
    this.#orderDependent = gauge(
      'feature_verification_order_dependent_rows',
      'Rows of an ORDER_DEPENDENT view that a recomputation gave otherwise',
      'view',
    );
    this.#values = gauge(
      'feature_verification_values',
      'Values that the last VERIFY has compared, and those that differ, are missing or too many',
      'view',
      'feature',
      'comparison',
      'kind',
    );
    this.#smape = gauge(
      'feature_verification_smape',
      'The symmetric mean error of a feature in the last VERIFY',
      'view',
      'feature',
      'comparison',
    );
    this.#time = gauge('feature_verification_timestamp_seconds', 'When the last VERIFY began', 'view');
  }

  read({ verifications }: Engine): void {
    for (const gauge of [this.#differing, this.#orderDependent, this.#values, this.#smape, this.#time]) gauge.reset();
    for (const [view, { report }] of verifications) {
      if (report === undefined) continue;
      this.#differing.set({ view }, report.differing);
      this.#orderDependent.set({ view }, report.orderDependentRows);
      this.#time.set({ view }, report.startedAt / 1000);
      for (const comparison of ['recomputed', 'offline'] as const)
        for (const { feature, smape, ...counts } of report[comparison]?.features ?? []) {
          for (const [kind, value] of Object.entries(counts))
            this.#values.set({ view, feature, comparison, kind }, value);
          if (smape !== null) this.#smape.set({ view, feature, comparison }, smape);
        }
    }
  }
}
