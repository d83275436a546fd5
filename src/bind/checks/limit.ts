import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** LIMIT needs a query of a client: a persistent query and a subquery do not end. */
export const limit: ClauseCheck = (query, { purpose }) => {
  if (query.offset !== undefined && purpose !== 'pull') throw new SqlError('OFFSET_MISPLACED', query.span, {});
  if (query.limit === undefined) return;
  if (purpose === 'persistent') throw new SqlError('LIMIT_NOT_ALLOWED', query.span, {});
  if (purpose === 'part') throw new SqlError('SUBQUERY_LIMIT', query.span, {});
};
