import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { QueryControl } from '../syntax/statements/query-control.ts';
import { closest } from '../util/closest.ts';
import { requireMonitor } from './monitors.ts';
import { queryIds } from './running-queries.ts';
import { currentStatus, entity, type Handler } from './handler.ts';
import { terminateWork } from './view-work.ts';

/** What is skipped must be known to the operator: a query that stands at a record. On Kafka it may stand on another node. */
function checkSkip({ action, query, span }: QueryControl, skip: number, { node }: Engine): void {
  const refuse = (why: string): never => {
    throw new SqlError('NOTHING_TO_SKIP', query?.span ?? span, { why });
  };
  if (action !== 'RESUME') refuse(`${action} skips nothing`);
  if (query === undefined) refuse('ALL names no query');
  if (skip < 1 || !Number.isSafeInteger(skip)) refuse(`${skip} is no number of records`);
  if (node.kind === 'embedded' && node.status(query!.text)?.stoppedAt === undefined)
    refuse(`query "${query!.text}" does not stand in ERROR at a record`);
}

export const queryControl: Handler<QueryControl> = async (statement, { engine, text, distribute }) => {
  const { queries } = engine.catalog;
  const wanted = statement.isMonitor ? requireMonitor(statement.query!, engine.catalog).id : statement.query?.text;
  const push =
    wanted === undefined || queries.has(wanted) || statement.action !== 'TERMINATE'
      ? undefined
      : engine.pushQueries.named(wanted);
  if (push !== undefined)
    return entity('terminate_query', text, { queryId: push.id, wasTerminated: engine.pushQueries.close(push.id) });
  if (statement.action === 'TERMINATE' && wanted !== undefined && (await terminateWork(engine, wanted)))
    return entity('terminate_query', text, { queryId: wanted, wasTerminated: true });
  if (wanted !== undefined && !queries.has(wanted)) {
    throw new SqlError('QUERY_NOT_FOUND', statement.query!.span, {
      id: wanted,
      suggestion: closest(wanted, queryIds(engine)),
    });
  }
  const { skip } = statement;
  if (skip !== undefined) checkSkip(statement, skip, engine);
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
      : skip !== undefined
        ? { v: 1, kind: 'resumeSkipping', id: wanted!, records: skip }
        : { v: 1, kind: 'setPaused', ids, paused: statement.action === 'PAUSE' },
  );
  const past = { TERMINATE: 'terminated', PAUSE: 'paused', RESUME: 'resumed' }[statement.action];
  return currentStatus(text, `${action}/${wanted ?? 'ALL'}/execute`, `Query ${past}.`, number);
};
