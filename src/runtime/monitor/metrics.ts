import type { ColumnStats } from '../../specs/column-stats.ts';
import type { MonitorMetric } from '../../specs/monitor.ts';
import { drift, type DriftMeasure } from './drift.ts';
import { quantiles, settle } from './digest.ts';
import {
  accuracy,
  areaUnderCurve,
  calibration,
  precisionAt,
  recallAt,
  rootMeanSquare,
  type Quality,
} from './quality.ts';

/** What a metric is worked out from: a window of a segment. */
export interface MeasuredWindow {
  readonly rows: number;
  readonly columns: readonly ColumnStats[];
  /** What the columns are compared with; undefined where there is none, or not yet. */
  readonly baseline: readonly (ColumnStats | undefined)[] | undefined;
  readonly edges: readonly (readonly number[] | undefined)[];
  readonly bins: number;
  readonly minRows: number;
  /** Milliseconds since the newest event; undefined before the first. */
  readonly age: number | undefined;
  readonly schemaUnchanged: boolean;
  /** What labels say of scores; undefined while there are none. */
  readonly quality: Quality | undefined;
}

/** A metric function of CHECK. */
export interface MetricFunction {
  /** What of the target it takes: no column, one of numbers, one that it compares, or any. */
  readonly column: 'none' | 'number' | 'compared' | 'any';
  /** The column that it takes when it is called without one. */
  readonly usual?: string;
  /** Whether that column is true or false, and counted by these values. */
  readonly isTruth?: true;
  readonly argument?: 'measure' | 'share';
  readonly keepsValues?: boolean;
  readonly type?: 'BOOLEAN';
  /** Whether it changes while nothing comes. */
  readonly ages?: boolean;
  /** Whether it compares scores with labels. */
  readonly needsLabels?: boolean;
  readonly doc: string;
  readonly of: (window: MeasuredWindow, metric: MonitorMetric) => number | boolean | null;
}

const columnOf = ({ columns }: MeasuredWindow, { column }: MonitorMetric): ColumnStats => columns[column!]!;
const quantile = (window: MeasuredWindow, metric: MonitorMetric): number | null =>
  quantiles(columnOf(window, metric)[5]!, [Number(metric.argument)])[0] ?? null;
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

type OfQuality = (quality: Quality, argument: number) => number | null;
/** A metric of scores and labels. */
const ofLabels = (of: OfQuality, doc: string, argument?: 'share'): MetricFunction => ({
  column: 'none',
  needsLabels: true,
  ...(argument && { argument }),
  doc,
  of: ({ quality }, metric) => (quality === undefined ? null : of(quality, Number(metric.argument))),
});

/** The metric functions, by name. */
export const metricFunctions: Readonly<Record<string, MetricFunction>> = {
  DRIFT: {
    column: 'compared',
    argument: 'measure',
    doc: 'how far the values of a column are from those of the baseline',
    of: (window, metric) => {
      const current = columnOf(window, metric);
      const reference = window.baseline?.[metric.column!];
      const least = Math.max(1, window.minRows);
      if (reference === undefined || current[0] + current[1] < least || reference[0] + reference[1] < least)
        return null;
      return drift(metric.argument as DriftMeasure, reference, current, window.edges[metric.column!], window.bins);
    },
  },
  NULL_RATE: {
    column: 'any',
    doc: 'the share of rows whose column is NULL',
    of: (window, metric) => share(columnOf(window, metric)[0], window.rows),
  },
  ROW_COUNT: { column: 'none', doc: 'how many rows came', of: ({ rows }) => rows },
  DISTINCT_COUNT: {
    column: 'compared',
    keepsValues: true,
    doc: 'how many different values came; up to 10,000 numbers and 1,000 texts are told apart',
    of: (window, metric) => {
      const { 5: digest, 6: categories } = columnOf(window, metric);
      if (digest === null) return categories!.length;
      settle(digest);
      return digest[0].length;
    },
  },
  MEAN: {
    column: 'number',
    doc: 'the mean of a column',
    of: (window, metric) => {
      const [, count, mean] = columnOf(window, metric);
      return count === 0 ? null : mean;
    },
  },
  STDDEV: {
    column: 'number',
    doc: "the sample's standard deviation of a column",
    of: (window, metric) => {
      const [, count, , squares] = columnOf(window, metric);
      return count < 2 ? null : Math.sqrt(squares / (count - 1));
    },
  },
  QUANTILE: {
    column: 'number',
    argument: 'share',
    keepsValues: true,
    doc: 'a quantile of a column, interpolated between values',
    of: quantile,
  },
  FRESHNESS: {
    column: 'none',
    ages: true,
    doc: 'seconds since the newest event; INTERVAL stands for seconds beside it',
    of: ({ age }) => (age === undefined ? null : age / 1000),
  },
  LAG_MS: { column: 'none', ages: true, doc: 'the same in milliseconds', of: ({ age }) => age ?? null },
  LATENCY: {
    column: 'none',
    usual: 'MODEL_LATENCY_MS',
    argument: 'share',
    keepsValues: true,
    doc: 'a quantile of the seconds that calls of the model took, from the column MODEL_LATENCY_MS',
    of: (window, metric) => {
      const ms = quantile(window, metric);
      return ms === null ? null : ms / 1000;
    },
  },
  ERROR_RATE: {
    column: 'none',
    usual: 'MODEL_ERROR',
    doc: 'the share of rows that the model could not score: whose column MODEL_ERROR is not NULL',
    of: (window, metric) => share(columnOf(window, metric)[1], window.rows),
  },
  DEFAULT_RATE: {
    column: 'none',
    usual: 'MODEL_DEFAULT_USED',
    isTruth: true,
    doc: 'the share of rows that have DEFAULT_VALUE instead of what the model says: whose column MODEL_DEFAULT_USED is true',
    of: (window, metric) => {
      const counts = columnOf(window, metric)[6]!;
      return share(counts.find(([name]) => name === 'true')?.[1] ?? 0, window.rows);
    },
  },
  ACCURACY: ofLabels(accuracy, 'the share of scores that are on the side of one half where their label is'),
  PRECISION_AT: ofLabels(precisionAt, 'of the scores from a threshold on the share whose label is true', 'share'),
  RECALL_AT: ofLabels(recallAt, 'of the true labels the share whose score is at a threshold or above', 'share'),
  AUC: ofLabels(areaUnderCurve, 'the chance that a true one scores above a false one'),
  RMSE: ofLabels(rootMeanSquare, 'the root of the mean squared difference of score and label'),
  CALIBRATION: ofLabels(calibration, 'by tenths of the score how far it is from the share that was true'),
  SCHEMA_UNCHANGED: {
    column: 'none',
    type: 'BOOLEAN',
    doc: 'whether the target has the columns that it had when the monitor was created',
    of: ({ schemaUnchanged }) => schemaUnchanged,
  },
};
