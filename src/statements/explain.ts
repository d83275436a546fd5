import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { orderedQuery } from '../engine/order-by.ts';
import { planMonitor } from '../engine/monitors/plan.ts';
import { planTransient } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import { explainLogical } from '../plan/logical/explain.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { optimize, rules } from '../plan/rules/index.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import { parseScript } from '../syntax/parse.ts';
import type { Explain } from '../syntax/statements/explain.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { closest } from '../util/closest.ts';
import { planCreateSource } from './create-source.ts';
import { planFeatureView } from './feature-views.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';
import { planInsert } from './insert.ts';
import { planOf, type PlannedQuery } from './persistent-query.ts';
import { describePush, describeQuery, description, queryIds } from './running-queries.ts';

/** EXPLAIN: the plan of each stage, and the topology that runs. */
export const explain: Handler<Explain> = (statement, execution) =>
  statement.query === undefined
    ? explainStatement(statement, execution)
    : Promise.resolve(explainRunning(statement, execution));

function explainRunning(statement: Explain, { engine, text }: Execution): Entity {
  const id = statement.query!.text;
  const query = engine.catalog.queries.get(id);
  if (query !== undefined) return entity('queryDescription', text, { queryDescription: describeQuery(engine, query) });
  const push = engine.pushQueries.named(id);
  if (push !== undefined) return entity('queryDescription', text, { queryDescription: describePush(push) });
  throw new SqlError('QUERY_NOT_FOUND', statement.query!.span, {
    id,
    suggestion: closest(id, queryIds(engine)),
  });
}

async function explainStatement(statement: Explain, { engine, session, text }: Execution): Promise<Entity> {
  const [inner] = parseScript({ name: 'statement', text: `${statement.statement!.replace(/;\s*$/, '')};` });
  const explained = inner && (await explainedStatement(inner, engine, session));
  if (explained === undefined)
    throw new SqlError('BAD_REQUEST', statement.span, { why: 'EXPLAIN needs a query, or a statement with one' });
  const { logical, sources, sinks, physical, first } = explained;
  const stages = stagesOf(logical, first).join('\n\n');
  const queryDescription = description({
    id: '',
    statementText: statement.statement!,
    sources,
    sinks,
    plan: physical,
    executionPlan: stages,
    state: '',
    errors: [],
    overridden: {},
  });
  return entity('queryDescription', text, { queryDescription });
}

/** The logical plan before and after the optimizer's rules. */
export function stagesOf(logical: LogicalNode, first?: FirstRows): readonly [planned: string, optimized: string] {
  const { plan, fired } = optimize(logical, rules, first);
  return [`Logical plan:\n${shown(logical)}`, `Optimized plan (rules: ${fired.join(', ') || 'none'}):\n${shown(plan)}`];
}

/** Names that no user can write begin with a zero. */
const shown = (plan: LogicalNode): string => explainLogical(plan).replaceAll('\0', '');

export interface Explained {
  readonly logical: LogicalNode;
  readonly physical: PhysicalPlan;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** Which rows of a pull query are wanted. */
  readonly first?: FirstRows | undefined;
}

/** The query that a statement would run, a monitor's with its baseline; undefined for statements without one. */
export async function explainedStatement(
  statement: Statement,
  engine: Engine,
  session: Session,
): Promise<Explained | undefined> {
  if (statement.kind !== 'createMonitor') return explainedQuery(statement, engine.catalog, session);
  const { query, planned } = await planMonitor(statement, engine, session);
  const definition: PlannedQuery = { kind: 'MONITOR', sink: statement.name, query, planned, view: undefined };
  return explainedDefinition(definition);
}

function explainedDefinition(definition: PlannedQuery): Explained {
  const { query, plan } = definition.planned;
  return { logical: plan, physical: planOf(definition), sources: query.sources, sinks: [definition.sink.text] };
}

/** The same for every statement but CREATE MONITOR, which reads its baseline first. */
export function explainedQuery(statement: Statement, catalog: Catalog, session: Session): Explained | undefined {
  if (statement.kind === 'select') {
    const purpose = statement.query.emit === undefined ? 'pull' : 'push';
    const { orderBy, emit } = statement.query;
    const order = orderBy.length > 0 && emit === undefined ? orderedQuery(statement.query) : undefined;
    const query = order?.unordered ?? statement.query;
    const first = order?.first;
    const { bound, logical, plan } = planTransient(query, catalog, purpose, session, false, first);
    return { logical, physical: plan, sources: bound.sources, sinks: [], first };
  }
  const definition = plannedQuery(statement, catalog, session);
  return definition && explainedDefinition(definition);
}

/** The query of a statement that starts a persistent query. */
function plannedQuery(statement: Statement, catalog: Catalog, session: Session): PlannedQuery | undefined {
  if (statement.kind === 'createFeatureView') return planFeatureView(statement, catalog, session);
  if (statement.kind !== 'createSource' && statement.kind !== 'insert') return undefined;
  const { query } = statement;
  if (query === undefined) return undefined;
  return statement.kind === 'insert'
    ? planInsert({ ...statement, query }, catalog, session)
    : planCreateSource({ ...statement, query }, catalog, session);
}
