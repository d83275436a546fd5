import type { Row } from '../change.ts';
import type { Value } from '../../types/sql-type.ts';

/** What came of scoring one row: the outputs in the model's order, or the class of the failure. */
export interface Scored {
  readonly outputs: readonly Value[] | undefined;
  readonly version: number;
  readonly error: string | undefined;
  readonly latencyMs: number;
}

/** Scores rows in batches. */
export interface ModelHost {
  /** One answer a row, in order. `version` undefined means the default version at this moment. */
  score(model: string, version: number | undefined, rows: readonly Row[]): Promise<readonly Scored[]>;
  /** What is to happen with a row whose scoring failed: FAIL, NULL, DEFAULT or DLQ. */
  onError(model: string): string;
  /** The outputs that ON_ERROR='DEFAULT' gives, in the model's order. */
  defaults(model: string): readonly Value[];
}
