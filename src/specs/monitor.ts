import type { ColumnStats } from './column-stats.ts';

/** How a column is measured: its nulls only, as numbers, or as values that are the same or not. */
export type MeasuredAs = 'presence' | 'number' | 'category';

/** A column of the target that metrics of a monitor read. */
export interface MonitoredColumn {
  readonly name: string;
  readonly as: MeasuredAs;
  /** The edges of its bins, from the quantiles of the baseline; undefined where each comparison finds its own. */
  readonly edges: readonly number[] | undefined;
  /** Whether its values are kept, and not only counted. */
  readonly keepsValues: boolean;
  /** What the baseline says of it; undefined where the baseline are other windows, or there is none. */
  readonly baseline: ColumnStats | undefined;
}

/** A metric of a window; with `previous` it is the mean of that metric over so many windows before. */
export interface MonitorMetric {
  readonly fn: string;
  /** As it was written, for the rows that tell of it. */
  readonly text: string;
  /** The place of its column among the monitored ones. */
  readonly column: number | undefined;
  /** Its second argument: a measure, a quantile, a threshold. */
  readonly argument: string | number | undefined;
  readonly previous: { readonly metric: number; readonly windows: number } | undefined;
}

/** What must hold in a window; its expressions read the metrics by their place. */
export interface MonitorCheck<E> {
  readonly name: string;
  readonly severity: string;
  /** How many windows in a row must violate it before it is an alert. */
  readonly windows: number;
  /** The metric whose value the rows show. */
  readonly metric: number | undefined;
  /** All of them must hold; each reads these metrics. */
  readonly conditions: readonly { readonly expr: E; readonly metrics: readonly number[] }[];
  /** The bounds that the value is compared with. */
  readonly low: E | undefined;
  readonly high: E | undefined;
}

/** What a monitor computes. */
export interface MonitorSpec<E> {
  readonly name: string;
  readonly target: string;
  readonly window: { readonly sizeMs: number; readonly advanceMs: number; readonly graceMs: number };
  readonly columns: readonly MonitoredColumn[];
  readonly metrics: readonly MonitorMetric[];
  readonly checks: readonly MonitorCheck<E>[];
  /** How the baseline is called in rows; null without one. */
  readonly baselineId: string | null;
  /** The windows before that are the baseline, where it is PREVIOUS n WINDOW. */
  readonly previousWindows: number | undefined;
  /** The segment that the others are compared with, where the baseline is one. */
  readonly baselineSegment: string | undefined;
  /** The only segment that is judged; undefined for all. */
  readonly onlySegment: string | undefined;
  readonly bins: number;
  /** Fewer values than this are too few to speak of drift. */
  readonly minRows: number;
  /** How long after a row its label may come; undefined where no metric needs labels. */
  readonly labelWithinMs: number | undefined;
  /** How often the clock is looked at while nothing comes. */
  readonly tickMs: number;
  /** The target's columns when the monitor was created, where a check asks for changes of them. */
  readonly schema: readonly string[] | undefined;
  /** What has become of them since; undefined while they are the same. */
  readonly schemaChange: string | undefined;
}
