import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { Value } from '../types/sql-type.ts';

/** A row for a client; a tombstone has the key's values and nulls. */
export interface ClientRow {
  readonly values: readonly Value[];
  readonly tombstone: boolean;
}

/** A query whose rows go to a client. */
export interface QueryStream {
  readonly id: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly StepColumn[];
  /** What is said at its end: nothing for a pull query on a table. Columns with the role `key` are shown as keys: of tables that are pulled. */
  readonly finalMessage: string | undefined;
  /** Rows as they come, in groups; ends at the limit, at the end of a pull query, or when it is closed. */
  rows(): AsyncIterable<readonly ClientRow[]>;
  close(): void;
}
