import type { Value, Row } from '../../types/sql-type.ts';

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
  /** What is to happen with a row that a version could not score: FAIL, NULL, DEFAULT or DLQ. */
  onError(model: string, version: number): string;
  /** The outputs that a version's ON_ERROR='DEFAULT' gives, in the model's order. */
  defaults(model: string, version: number): readonly Value[];
}
