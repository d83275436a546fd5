import { SqlError } from '../diagnostics/sql-error.ts';
import type { QueryControl } from '../syntax/statements/query-control.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, entity, type Handler } from './handler.ts';

export const queryControl: Handler<QueryControl> = async (statement, { engine, text, distribute }) => {
  const { queries } = engine.catalog;
  const wanted = statement.query?.text;
  if (wanted !== undefined && !queries.has(wanted)) {
    throw new SqlError('QUERY_NOT_FOUND', statement.query!.span, {
      id: wanted,
      suggestion: closest(wanted, queries.keys()),
    });
  }
  const ids = wanted === undefined ? [...queries.keys()] : [wanted];
  const action = statement.action.toLowerCase();
  if (ids.length === 0)
    return entity('currentStatus', text, {
      commandId: `${action}/ALL/execute`,
      commandStatus: { status: 'SUCCESS', message: 'No query is running.', queryId: null },
      commandSequenceNumber: -1,
    });
  const number = await distribute(
    statement.action === 'TERMINATE'
      ? { v: 1, kind: 'terminate', ids }
      : { v: 1, kind: 'setPaused', ids, paused: statement.action === 'PAUSE' },
  );
  const past = { TERMINATE: 'terminated', PAUSE: 'paused', RESUME: 'resumed' }[statement.action];
  return currentStatus(text, `${action}/${wanted ?? 'ALL'}/execute`, `Query ${past}.`, number);
};
