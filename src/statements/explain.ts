import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { planTransient } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import { explainLogical } from '../plan/logical/explain.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
import { explainSteps } from '../plan/physical/explain.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { optimize } from '../plan/rules/index.ts';
import { parseScript } from '../syntax/parse.ts';
import type { Explain } from '../syntax/statements/explain.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { closest } from '../util/closest.ts';
import { planCreateSource } from './create-source.ts';
import { schemaInfo } from './describe.ts';
import { planFeatureView } from './feature-views.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';
import { planInsert } from './insert.ts';
import { planOf, type PlannedQuery } from './persistent-query.ts';
import { queryState } from './show.ts';

/** EXPLAIN: what was planned, stage by stage, and the topology that runs. */
export const explain: Handler<Explain> = (statement, execution) =>
  Promise.resolve(
    statement.query === undefined ? explainStatement(statement, execution) : explainRunning(statement, execution),
  );

function explainRunning(statement: Explain, { engine, text }: Execution): Entity {
  const id = statement.query!.text;
  const query = engine.catalog.queries.get(id);
  if (query === undefined)
    throw new SqlError('QUERY_NOT_FOUND', statement.query!.span, {
      id,
      suggestion: closest(id, engine.catalog.queries.keys()),
    });
  const error = engine.node.status(id)?.error;
  const state = queryState(engine, query);
  const errors = error === undefined ? [] : [{ timestamp: 0, errorMessage: error, type: 'UNKNOWN' }];
  return description(text, {
    id,
    statementText: query.statement,
    sources: query.sources,
    sinks: [query.sink],
    plan: query.plan,
    executionPlan: rulesLine(query.plan),
    state,
    errors,
    overridden: query.properties,
  });
}

function explainStatement(statement: Explain, { engine, session, text }: Execution): Entity {
  const [inner] = parseScript({ name: 'statement', text: `${statement.statement!.replace(/;\s*$/, '')};` });
  const explained = inner && explainedQuery(inner, engine.catalog, session);
  if (explained === undefined)
    throw new SqlError('BAD_REQUEST', statement.span, { why: 'EXPLAIN needs a query, or a statement with one' });
  const { logical, sources, sinks, physical } = explained;
  const stages = stagesOf(logical).join('\n\n');
  return description(text, {
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
}

/** The logical plan as it is planned, and as the rules leave it. */
export function stagesOf(logical: LogicalNode): readonly [planned: string, optimized: string] {
  const { plan, fired } = optimize(logical);
  return [
    `Logical plan:\n${explainLogical(logical)}`,
    `Optimized plan (rules: ${fired.join(', ') || 'none'}):\n${explainLogical(plan)}`,
  ];
}

export interface Explained {
  readonly logical: LogicalNode;
  readonly physical: PhysicalPlan;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
}

/** What a statement would run; undefined for those without a query. */
export function explainedQuery(statement: Statement, catalog: Catalog, session: Session): Explained | undefined {
  if (statement.kind === 'select') {
    const purpose = statement.query.emit === undefined ? 'pull' : 'push';
    const { bound, logical, plan } = planTransient(statement.query, catalog, purpose, session);
    return { logical, physical: plan, sources: bound.sources, sinks: [] };
  }
  const made = plannedQuery(statement, catalog, session);
  if (made === undefined) return undefined;
  const { query, plan } = made.planned;
  return { logical: plan, physical: planOf(made), sources: query.sources, sinks: [made.sink.text] };
}

/** The query of a statement whose query runs on. */
function plannedQuery(statement: Statement, catalog: Catalog, session: Session): PlannedQuery | undefined {
  if (statement.kind === 'createFeatureView') return planFeatureView(statement, catalog, session);
  if (statement.kind !== 'createSource' && statement.kind !== 'insert') return undefined;
  const { query } = statement;
  if (query === undefined) return undefined;
  return statement.kind === 'insert'
    ? planInsert({ ...statement, query }, catalog, session)
    : planCreateSource({ ...statement, query }, catalog, session);
}

interface Parts {
  readonly id: string;
  readonly statementText: string;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly plan: PhysicalPlan;
  readonly executionPlan: string;
  readonly state: string;
  readonly errors: readonly unknown[];
  readonly overridden: Readonly<Record<string, string>>;
}

function description(text: string, parts: Parts): Entity {
  const fields = parts.plan.root.columns.map(({ name, type, role }) => ({
    name,
    schema: schemaInfo(type),
    ...(role === 'key' ? { type: 'KEY' } : {}),
  }));
  const queryDescription = {
    id: parts.id,
    statementText: parts.statementText,
    windowType: parts.plan.windowed ?? null,
    fields,
    sources: parts.sources,
    sinks: parts.sinks,
    topology: explainSteps(parts.plan),
    executionPlan: parts.executionPlan,
    overriddenProperties: parts.overridden,
    ksqlHostQueryStatus: {},
    queryType: parts.sinks.length > 0 ? 'PERSISTENT' : 'PUSH',
    queryErrors: parts.errors,
    tasksMetadata: [],
    consumerGroupId: '',
    state: parts.state || null,
  };
  return entity('queryDescription', text, { queryDescription });
}

const rulesLine = (plan: PhysicalPlan): string => `Rules that fired: ${plan.rules.join(', ') || 'none'}`;
