import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** ORDER BY needs a query that ends (a pull query). */
export const orderBy: ClauseCheck = (query, { purpose }) => {
  if (query.orderBy.length > 0 && (purpose !== 'pull' || query.emit !== undefined))
    throw new SqlError('ORDER_BY_MISPLACED', query.orderBy[0]!.expression.span, {});
};
