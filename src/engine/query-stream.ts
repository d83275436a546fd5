import { randomBytes } from 'node:crypto';
import type { SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import { runSettings } from '../runtime/run-settings.ts';
import type { Select } from '../syntax/statements/select.ts';
import { isWindowBound } from '../types/schema.ts';
import type { Engine } from './engine.ts';
import { ordered, orderedQuery } from './order-by.ts';
import type { QueryStream } from './client-rows.ts';
import { planTransient } from './plan-query.ts';
import { pullRows, refusePull } from './pull.ts';
import { pulledQueries } from './pull-plan.ts';
import type { Session } from './session.ts';
import { checkSwitches } from './switches.ts';
import { TransientQuery } from './transient-query.ts';

/** The push queries that run, by id: REST closes them by it. */
export class PushQueries {
  readonly #running = new Map<string, QueryStream>();

  get size(): number {
    return this.#running.size;
  }
  add(query: QueryStream): void {
    this.#running.set(query.id, query);
  }
  remove(id: string): void {
    this.#running.delete(id);
  }
  /** False when no such query runs. */
  close(id: string): boolean {
    const found = this.#running.get(id);
    found?.close();
    return this.#running.delete(id);
  }
  closeAll(): void {
    for (const id of [...this.#running.keys()]) this.close(id);
  }
}

/** Opens a SELECT: push with EMIT, pull without. */
export async function openQuery(
  statement: Select,
  engine: Engine,
  session: Session,
  pushQueries: PushQueries,
  newBackend: () => StateBackend,
): Promise<QueryStream> {
  const { query } = statement;
  checkSwitches(statement, session);
  if (query.orderBy.length > 0 && query.emit === undefined) {
    if (query.limit !== undefined) checkEnabled('ksql.query.pull.limit.clause.enabled', query, session);
    const order = orderedQuery(query);
    const unordered = { ...statement, query: order.unordered };
    const inner = await openQuery(unordered, engine, session, pushQueries, newBackend);
    try {
      return ordered(inner, order);
    } catch (error) {
      inner.close();
      throw error;
    }
  }
  await engine.catchUp();
  const source = engine.catalog.sources.get(pulledQueries(query).at(-1)!.from.name.text);
  if (query.emit === undefined) checkPullEnabled(query, source, session);
  if (
    query.emit === undefined &&
    source !== undefined &&
    (source.spec.kind === 'TABLE' || source.featureView !== undefined)
  )
    return pullStream(await pullRows(query, engine, session), query.limit);
  const isPull = query.emit === undefined;
  if (isPull) refusePull(query);
  const { plan } = planTransient(query, engine.catalog, isPull ? 'pull' : 'push', session);
  if (isPull && plan.shape === 'TABLE') throw new SqlError('PULL_UNSUPPORTED', statement.span, { what: 'GROUP BY' });
  const limit = session.read('ksql.max.push.queries');
  if (!isPull && pushQueries.size >= limit) throw new SqlError('TOO_MANY_PUSH_QUERIES', statement.span, { limit });
  const stream = await TransientQuery.open(plan, engine, session, {
    isPull,
    limit: query.limit,
    name: query.from.name.text,
    isScalable: !isPull && isScalable(query, source, session),
    backend: newBackend(),
    settings: runSettings({ ...session.overrides(), 'cache.max.bytes.buffering': '0' }),
    onEnd: (id) => pushQueries.remove(id),
  });
  if (!isPull) pushQueries.add(stream);
  return stream;
}

function pullStream({ columns, rows }: Awaited<ReturnType<typeof pullRows>>, limit: number | undefined): QueryStream {
  const kept = limit === undefined ? rows : rows.slice(0, limit);
  return {
    id: `query_${Date.now()}_${randomBytes(4).toString('hex')}`,
    kind: 'pull',
    columns: columns.map((column) => (isWindowBound(column.name) ? { ...column, role: 'key' as const } : column)),
    finalMessage: undefined,
    async *rows() {
      await Promise.resolve();
      yield kept.map((values) => ({ values, tombstone: false }));
    },
    close: () => undefined,
  };
}

/** What a server or session has switched off is refused with the setting's name. */
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

/** One source that a query fills, read as it is from its end on. */
function isScalable(query: Select['query'], source: SourceObject | undefined, session: Session): boolean {
  const simple =
    query.joins.length === 0 &&
    query.window === undefined &&
    query.groupBy === undefined &&
    query.partitionBy === undefined &&
    query.having === undefined;
  return (
    simple &&
    source?.createdBy !== undefined &&
    session.read('ksql.query.push.v2.enabled') &&
    !session.read('auto.offset.reset')
  );
}
