import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryNode } from '../../syntax/query.ts';
import { windowCalls } from '../over/ranking.ts';
import type { ClauseCheck } from './clause-check.ts';

/**
 * A window of GROUP BY ends, so that its rows can be final, which a setting of ksqlDB's switches off; a row with OVER is final when no
 * row before it can come any more, and so is one that patterns are searched for in.
 */
export const emitFinal: ClauseCheck = (query, { suppressEnabled }, isGrouped) => {
  if (query.emit !== 'FINAL' || (!isGrouped && (windowCalls(query).length > 0 || hasPattern(query)))) return;
  if (query.window === undefined || !isGrouped) throw new SqlError('EMIT_FINAL_INVALID', query.span, {});
  if (!suppressEnabled) throw new SqlError('EMIT_FINAL_DISABLED', query.span, {});
};

const hasPattern = ({ from, joins }: QueryNode): boolean =>
  [from, ...joins.map(({ source }) => source)].some(({ match }) => match !== undefined);
