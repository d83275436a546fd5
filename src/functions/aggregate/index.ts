import type { AggregateFunction } from '../define.ts';
import { adwin } from './adwin.ts';
import { detectAnomalies } from './anomalies.ts';
import { approxCountDistinct } from './approx-count-distinct.ts';
import { approxPercentile } from './approx-percentile.ts';
import { attr } from './attr.ts';
import { avg } from './avg.ts';
import { earliestByOffset, latestByOffset } from './by-offset.ts';
import { boolAnd, boolOr } from './bool.ts';
import { collectList, collectSet } from './collect.ts';
import { corr, correlation } from './correlation.ts';
import { countDistinct } from './count-distinct.ts';
import { count } from './count.ts';
import { decayedCount, decayedSum, ewmaHalfLife } from './decayed.ts';
import { deviations } from './deviation.ts';
import { mlEvaluate } from './evaluate.ts';
import { ewma } from './ewma.ts';
import { histogram } from './histogram.ts';
import { median, percentile } from './median.ts';
import { max, min } from './min-max.ts';
import { pageHinkley } from './page-hinkley.ts';
import { stringAgg } from './string-agg.ts';
import { sumList } from './sum-list.ts';
import { sum } from './sum.ts';
import { topk, topkDistinct } from './topk.ts';
import { vectorAvg, vectorSum } from './vectors.ts';

/** Every aggregate function. Adding one is one file and one line here. */
export const aggregateFunctions: readonly AggregateFunction[] = [
  count,
  countDistinct,
  sum,
  avg,
  min,
  max,
  topk,
  topkDistinct,
  collectList,
  collectSet,
  earliestByOffset,
  latestByOffset,
  ...deviations,
  histogram,
  attr,
  correlation,
  corr,
  approxCountDistinct,
  approxPercentile,
  ewma,
  ewmaHalfLife,
  decayedSum,
  decayedCount,
  sumList,
  boolAnd,
  boolOr,
  median,
  percentile,
  stringAgg,
  vectorSum,
  vectorAvg,
  detectAnomalies,
  pageHinkley,
  adwin,
  mlEvaluate,
];
