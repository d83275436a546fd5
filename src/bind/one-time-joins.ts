import { SqlError } from '../diagnostics/sql-error.ts';
import type { QueryNode } from '../syntax/query.ts';

const moment = { ms: 0, text: '0 MILLISECONDS' };

/** Joins of what is read at one time as those of streams whose rows are all of one time: by any columns, and of any kind. */
export function withOneTimeJoins(query: QueryNode): QueryNode {
  const joins = query.joins.map((join) => {
    if (join.within !== undefined) throw new SqlError('JOIN_WITHIN_MISPLACED', join.span, {});
    return { ...join, within: { before: moment, after: moment, grace: moment } };
  });
  return { ...query, joins };
}
