import type { Catalog, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { monitorStates } from '../engine/monitors/states.ts';
import type { Engine } from '../engine/engine.ts';
import { planMonitor } from '../engine/monitors/plan.ts';
import type { Name } from '../syntax/expressions.ts';
import type { CreateMonitor, DropMonitor } from '../syntax/statements/monitors.ts';
import { closest } from '../util/closest.ts';
import { dropWithQueries } from './drop-source.ts';
import { currentStatus, entity, warning, type Entity, type Execution, type Handler } from './handler.ts';
import { answerIfExists, createFilled, hasPartitions } from './persistent-query.ts';

/** CREATE MONITOR: a persistent query that measures windows of its target and fills a stream with what its checks say. */
export const createMonitor: Handler<CreateMonitor> = async (statement, execution) => {
  const answer = answerIfExists(statement, 'monitor', execution);
  if (answer !== undefined) return answer;
  const { engine, session } = execution;
  const { name, span } = statement;
  const existing = engine.catalog.sources.get(name.text);
  if (existing !== undefined && monitorOf(existing, engine.catalog) === undefined)
    throw new SqlError('SOURCE_EXISTS', name.span, { kind: existing.spec.kind.toLowerCase(), name: name.text });
  const { query, planned, warnings } = await planMonitor(statement, engine, session);
  if (existing !== undefined) await dropWithQueries(existing, false, span, execution);
  const created = await createFilled(
    { kind: 'MONITOR', sink: name, query, planned, view: undefined },
    hasPartitions(statement.properties),
    execution,
  );
  return { ...created, warnings: [...created.warnings, ...warnings.map((message) => ({ message }))] };
};

/** The query of a monitor; undefined for a source that is none. */
export function monitorOf({ createdBy }: SourceObject, { queries }: Catalog): QueryObject | undefined {
  const query = createdBy === undefined ? undefined : queries.get(createdBy);
  return query?.kind === 'MONITOR' ? query : undefined;
}

const monitorsIn = ({ queries }: Catalog): QueryObject[] =>
  [...queries.values()].filter(({ kind }) => kind === 'MONITOR');

/** The query of the monitor that a statement names. */
export function requireMonitor({ text: name, span }: Name, catalog: Catalog): QueryObject {
  const source = catalog.sources.get(name);
  const query = source && monitorOf(source, catalog);
  if (query !== undefined) return query;
  const names = monitorsIn(catalog).map(({ sink }) => sink);
  throw new SqlError('MONITOR_NOT_FOUND', span, { name, suggestion: closest(name, names) });
}

export const dropMonitor: Handler<DropMonitor> = async ({ name, ifExists }, execution) => {
  const { engine, text } = execution;
  const source = engine.catalog.sources.get(name.text);
  if (ifExists && (source === undefined || monitorOf(source, engine.catalog) === undefined))
    return warning(text, `Monitor ${name.text} does not exist.`);
  requireMonitor(name, engine.catalog);
  const { number } = await dropWithQueries(source!, false, name.span, execution);
  return currentStatus(text, `monitor/${name.text}/drop`, `Monitor ${name.text} was dropped.`, number);
};

/** What SHOW MONITORS tells: each check of each segment with what it said last. */
export const listMonitors = (engine: Engine): Promise<Record<string, unknown>[]> =>
  Promise.all(monitorsIn(engine.catalog).map((query) => monitorInfo(query, engine)));

async function monitorInfo(query: QueryObject, engine: Engine): Promise<Record<string, unknown>> {
  const states = await monitorStates(query, engine);
  const order = ['OK', 'INSUFFICIENT_DATA', 'WARN', 'ALERT'];
  const worst = Math.max(-1, ...(states ?? []).map(({ state }) => order.indexOf(state)));
  return {
    name: query.sink,
    target: query.sources.join(', '),
    query: query.id,
    state: query.paused ? 'PAUSED' : states === undefined ? 'UNKNOWN' : (order[worst] ?? 'INSUFFICIENT_DATA'),
    checks: states ?? [],
  };
}

/** DESCRIBE MONITOR: its checks, the statement that made it and the topic of what it says. */
export async function describeMonitor(name: Name, { engine, text }: Execution): Promise<Entity> {
  const query = requireMonitor(name, engine.catalog);
  const { topic } = engine.catalog.sources.get(query.sink)!.spec;
  const monitor = { ...(await monitorInfo(query, engine)), topic, statement: query.statement };
  return entity('monitor_description', text, { monitor });
}
