import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** LIMIT ends a query, which one that runs on or feeds another does not. */
export const limit: ClauseCheck = (query, { purpose }) => {
  if (query.limit === undefined) return;
  if (purpose === 'persistent') throw new SqlError('LIMIT_NOT_ALLOWED', query.span, {});
  if (purpose === 'part') throw new SqlError('SUBQUERY_LIMIT', query.span, {});
};
