import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** HAVING needs GROUP BY. */
export const havingNeedsGroup: ClauseCheck = (query, _options, isGrouped) => {
  if (!isGrouped && query.having !== undefined) throw new SqlError('HAVING_WITHOUT_GROUP_BY', query.having.span, {});
};
