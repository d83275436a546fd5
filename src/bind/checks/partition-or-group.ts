import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** Rows are keyed by one of the two. */
export const partitionOrGroup: ClauseCheck = (query) => {
  if (query.partitionBy !== undefined && query.groupBy !== undefined)
    throw new SqlError('PARTITION_AND_GROUP', query.partitionBy[0]?.span ?? query.span, {});
};
