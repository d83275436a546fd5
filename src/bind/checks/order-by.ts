import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** Only a query that ends can give its rows in an order. */
export const orderBy: ClauseCheck = (query, { purpose }) => {
  if (query.orderBy.length > 0 && (purpose !== 'pull' || query.emit !== undefined))
    throw new SqlError('ORDER_BY_MISPLACED', query.orderBy[0]!.expression.span, {});
};
