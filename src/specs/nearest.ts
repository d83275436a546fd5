import type { SortOrder } from '../types/compare.ts';
import type { VectorMetric } from '../types/vector-metric.ts';

/** Of a pull query's rows those are wanted that are first in the order of a vector's nearness to a constant one. */
export interface NearestSpec extends SortOrder {
  /** The column of the source. */
  readonly column: string;
  readonly metric: VectorMetric;
  /** Finite numbers. */
  readonly vector: readonly number[];
  readonly limit: number;
}
