import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** A window is of groups. */
export const windowNeedsGroup: ClauseCheck = (query, _options, isGrouped) => {
  if (!isGrouped && query.window !== undefined) throw new SqlError('WINDOW_WITHOUT_GROUP_BY', query.window.span, {});
};
