import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** WINDOW needs GROUP BY. */
export const windowNeedsGroup: ClauseCheck = (query, _options, isGrouped) => {
  if (!isGrouped && query.window !== undefined) throw new SqlError('WINDOW_WITHOUT_GROUP_BY', query.window.span, {});
};
