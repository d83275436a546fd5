import type { AggregateFunction } from '../define.ts';
import { attr } from './attr.ts';
import { avg } from './avg.ts';
import { earliestByOffset, latestByOffset } from './by-offset.ts';
import { collectList, collectSet } from './collect.ts';
import { correlation } from './correlation.ts';
import { countDistinct } from './count-distinct.ts';
import { count } from './count.ts';
import { stddevSamp, stddevSample } from './deviation.ts';
import { histogram } from './histogram.ts';
import { max, min } from './min-max.ts';
import { sumList } from './sum-list.ts';
import { sum } from './sum.ts';
import { topk, topkDistinct } from './topk.ts';

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
  stddevSamp,
  stddevSample,
  histogram,
  attr,
  correlation,
  sumList,
];
