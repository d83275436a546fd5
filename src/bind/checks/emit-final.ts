import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** Only a window ends, so only its rows can be final. */
export const emitFinal: ClauseCheck = (query, { suppressEnabled }, isGrouped) => {
  if (query.emit !== 'FINAL') return;
  if (query.window === undefined || !isGrouped) throw new SqlError('EMIT_FINAL_INVALID', query.span, {});
  if (!suppressEnabled) throw new SqlError('EMIT_FINAL_DISABLED', query.span, {});
};
