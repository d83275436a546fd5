import { randomBytes } from 'node:crypto';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { Value } from '../types/sql-type.ts';

/** A row for a client. A tombstone holds the key's values, and NULL for all others. */
export interface ClientRow {
  readonly values: readonly Value[];
  readonly tombstone: boolean;
}

/** A query whose rows go to a client. */
export interface QueryStream {
  readonly id: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly StepColumn[];
  /** Whether standby tasks answered for a node that did not: rows may be a moment old. */
  readonly fromStandby?: boolean;
  /**
   * The message at the end of the rows; undefined for a pull query on a table. (Columns with the role `key` are shown as keys
   * only for pull queries on tables.)
   */
  readonly finalMessage: string | undefined;
  /** Batches of rows as they arrive; ends at LIMIT, at the end of a pull query, or when the query is closed. */
  rows(): AsyncIterable<readonly ClientRow[]>;
  /** Ends the rows; with `why` as the final message of a push query. */
  close(why?: string): void;
}

/** The id of a query that ends with its client, of the source that it reads first. */
export const transientId = (source: string, isScalable: boolean): string =>
  `${isScalable ? 'SCALABLE_PUSH_QUERY' : 'transient'}_${source}_${randomBytes(8).readBigUInt64BE().toString()}`;
