import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** PARTITION BY and GROUP BY exclude each other. */
export const partitionOrGroup: ClauseCheck = (query) => {
  if (query.partitionBy?.length === 0) throw new SqlError('PARTITION_BY_EMPTY', query.span, {});
  if (query.partitionBy !== undefined && query.groupBy !== undefined)
    throw new SqlError('PARTITION_AND_GROUP', query.partitionBy[0]?.span ?? query.span, {});
};
