import { randomBytes } from 'node:crypto';
import type { SourceObject } from '../catalog/catalog.ts';
import { textOf } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import { runSettings } from '../runtime/run-settings.ts';
import type { Select } from '../syntax/statements/select.ts';
import { isWindowBound } from '../types/schema.ts';
import type { Engine } from './engine.ts';
import { ordered, orderedQuery } from './order-by.ts';
import type { QueryStream } from './client-rows.ts';
import { planTransient } from './plan-query.ts';
import { pullRows, refusePull, type PulledRows } from './pull.ts';
import { pulledBy, withNullKeys } from './pull-plan.ts';
import type { Session } from './session.ts';
import { checkSwitches } from './switches.ts';
import { withValues } from './subqueries.ts';
import { isShareable } from './shared-push.ts';
import { TransientQuery, type TransientOptions } from './transient-query.ts';

/** Opens a SELECT: a push query with EMIT, a pull query without; `first`: which of its rows are wanted. */
export async function openQuery(
  statement: Select,
  engine: Engine,
  session: Session,
  newBackend: () => StateBackend,
  first?: FirstRows,
): Promise<QueryStream> {
  checkSwitches(statement, session);
  const query = await withValues(statement.query, engine.catalog, session, (inner) =>
    openQuery({ ...statement, query: inner, span: inner.span }, engine, session, newBackend),
  );
  if ((query.orderBy.length > 0 || query.offset !== undefined) && query.emit === undefined) {
    if (query.limit !== undefined) checkEnabled('ksql.query.pull.limit.clause.enabled', query, session);
    const order = orderedQuery(query);
    const unordered = { ...statement, query: order.unordered };
    const inner = await openQuery(unordered, engine, session, newBackend, order.first);
    try {
      return ordered(inner, order, session.read('ksql.query.pull.memory.bytes'));
    } catch (error) {
      inner.close();
      throw error;
    }
  }
  const { catalog } = engine;
  const pulled = pulledBy(query, catalog);
  const read = pulled.sources.map(({ name }) => catalog.sources.get(name.text));
  const [source] = read;
  const isPull = query.emit === undefined;
  if (isPull) {
    for (const each of read) checkPullEnabled(query, each, session);
    const streams = read.filter((each) => each?.spec.kind === 'STREAM' && each.featureView === undefined);
    if (streams.length === 0) return pullStream(await pullRows(query, engine, session, { pulled, first }));
    if (streams.length < read.length)
      throw new SqlError('PULL_UNSUPPORTED', statement.span, { what: 'a JOIN of a table with a stream' });
    refusePull(pulled, true);
  }
  const { plan: planned, bound } = planTransient(query, catalog, isPull ? 'pull' : 'push', session);
  const plan = isPull ? withNullKeys(planned) : planned;
  const limit = session.read('ksql.max.push.queries');
  const { pushQueries } = engine;
  if (!isPull && pushQueries.size >= limit) throw new SqlError('TOO_MANY_PUSH_QUERIES', statement.span, { limit });
  const options: TransientOptions = {
    isPull,
    limit: query.limit,
    name: query.from.name.text,
    isScalable: !isPull && isScalable(query, source, session),
    backend: newBackend(),
    settings: runSettings({ ...session.overrides(), 'cache.max.bytes.buffering': '0' }),
    onEnd: (id) => pushQueries.remove(id),
  };
  if (isPull) return TransientQuery.open(plan, engine, session, options);
  const properties = session.overrides();
  const shared = isShareable(plan, options.isScalable, session.read('auto.offset.reset'))
    ? await engine.sharedPush.join({ plan, properties }, options, pushQueries, () =>
        TransientQuery.open(plan, engine, session, { ...options, limit: undefined, onEnd: () => undefined }),
      )
    : undefined;
  const stream = shared ?? (await TransientQuery.open(plan, engine, session, options));
  pushQueries.add({
    id: stream.id,
    statement: `${textOf(statement.span)};`,
    sources: bound.sources,
    plan,
    properties,
    close: (why) => stream.close(why),
  });
  // A source that was dropped while the query was opened.
  for (const name of bound.sources)
    if (catalog.sources.has(name) && !engine.catalog.sources.has(name)) pushQueries.closeReading(name);
  return stream;
}

function pullStream({ columns, rows, fromStandby }: PulledRows): QueryStream {
  return {
    id: `query_${Date.now()}_${randomBytes(4).toString('hex')}`,
    kind: 'pull',
    fromStandby,
    columns: columns.map((column) => (isWindowBound(column.name) ? { ...column, role: 'key' as const } : column)),
    finalMessage: undefined,
    async *rows() {
      for await (const batch of rows) yield batch.map((values) => ({ values, tombstone: false }));
    },
    close: () => void rows.return(undefined),
  };
}

/** Refuses queries that the server or session has disabled; the error names the setting. */
function checkPullEnabled(query: Select['query'], source: SourceObject | undefined, session: Session): void {
  const needed = [
    'ksql.pull.queries.enable',
    ...(query.limit === undefined ? [] : (['ksql.query.pull.limit.clause.enabled'] as const)),
    ...(source?.spec.kind === 'STREAM' && source.featureView === undefined
      ? (['ksql.query.pull.stream.enabled'] as const)
      : []),
  ] as const;
  for (const setting of needed) checkEnabled(setting, query, session);
}

type PullSwitch =
  'ksql.pull.queries.enable' | 'ksql.query.pull.limit.clause.enabled' | 'ksql.query.pull.stream.enabled';

function checkEnabled(setting: PullSwitch, query: Select['query'], session: Session): void {
  if (!session.read(setting)) throw new SqlError('PULL_DISABLED', query.span, { setting });
}

/**
 * Whether a push query can read a persistent query's result directly: it reads one source that a query fills, from the end on.
 */
function isScalable(query: Select['query'], source: SourceObject | undefined, session: Session): boolean {
  const simple =
    query.joins.length === 0 &&
    query.window === undefined &&
    query.distinct === undefined &&
    query.groupBy === undefined &&
    query.partitionBy === undefined &&
    query.having === undefined &&
    query.qualify === undefined;
  return (
    simple &&
    source?.createdBy !== undefined &&
    session.read('ksql.query.push.v2.enabled') &&
    !session.read('auto.offset.reset')
  );
}
