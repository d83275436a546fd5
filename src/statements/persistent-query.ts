import { checkName } from '../analysis/create-source.ts';
import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { physicalPlan, sinkOf, type LogicalQuery } from '../engine/plan-query.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { upgradedPlan } from '../plan/physical/upgrade.ts';
import type { Name } from '../syntax/expressions.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import { checkCoPartitioning } from './check-co-partitioning.ts';
import { currentStatus, warning, type Entity, type Execution } from './handler.ts';
import { replacedQuery, wordOf } from './replacement.ts';
import { withSchemas } from './schemas.ts';
import { ensureTopic } from './topics.ts';

/** A query that runs on, planned but not begun: all that CSAS, CTAS, CREATE FEATURE VIEW and INSERT … SELECT differ in. */
export interface PlannedQuery {
  readonly kind: QueryObject['kind'];
  /** What it fills, and where that stands. */
  readonly sink: Name;
  readonly query: QueryNode;
  readonly planned: LogicalQuery;
  readonly view: FeatureView | undefined;
}

/** A statement that makes something with a name of its own. */
export interface Creation {
  readonly name: Name;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly span: Span;
}

/** The answer to IF NOT EXISTS on what exists; a name that is taken, and OR REPLACE where it is switched off, are refused. */
export function answerIfExists(
  statement: Creation,
  word: string,
  { engine, session, text }: Execution,
): Entity | undefined {
  const { text: name, span } = statement.name;
  const existing = engine.catalog.sources.get(name);
  if (existing !== undefined && statement.ifNotExists)
    return warning(text, `Cannot add ${word} \`${name}\`: A ${wordOf(existing)} with the same name already exists.`);
  if (existing !== undefined && !statement.orReplace)
    throw new SqlError('SOURCE_EXISTS', span, { kind: wordOf(existing), name });
  if (statement.orReplace && !session.read('ksql.create.or.replace.enabled'))
    throw new SqlError('REPLACE_REFUSED', statement.span, { name, why: 'OR REPLACE is switched off' });
  checkName(statement.name);
  return undefined;
}

/** Settings of a topic that a statement makes. */
export function topicConfig(
  { kind, window }: Pick<SourceSpec, 'kind' | 'window'>,
  retentionMs: number | undefined,
): Record<string, string> {
  return {
    ...(kind === 'TABLE' ? { 'cleanup.policy': window === undefined ? 'compact' : 'compact,delete' } : {}),
    ...(retentionMs === undefined ? {} : { 'retention.ms': String(retentionMs) }),
  };
}

/** Whether a statement says how many partitions its topic has: one that is there must have as many. */
export const hasPartitions = (properties: readonly PropertyNode[]): boolean =>
  properties.some(({ name }) => name === 'PARTITIONS');

/** The plan that runs. */
export function planOf({ planned, view }: PlannedQuery, sink = planned.sink): PhysicalPlan {
  const plan = physicalPlan(planned.plan, sinkOf({ ...planned, sink }));
  return view === undefined ? plan : { ...plan, entityKey: view.entityKey, entityTime: view.timestamp };
}

/**
 * Creates what a query fills, or gives the query of what is there another plan: the topic, the schemas that its records are written
 * with, and the command for all nodes.
 */
export async function createFilled(
  made: PlannedQuery,
  partitionsGiven: boolean,
  execution: Execution,
): Promise<Entity> {
  const { engine, text, distribute } = execution;
  const { planned, view } = made;
  const { text: name, span } = made.sink;
  const existing = engine.catalog.sources.get(name);
  checkCoPartitioning(made.query, planned.plan);
  const replaced = existing && replacedQuery(existing, { spec: planned.sink, view }, span, engine);
  if (replaced === undefined) checkLimit(execution, span);
  const partitions = await ensureTopic(
    engine,
    {
      name: planned.sink.topic,
      partitions: partitionsGiven ? planned.sink.partitions : undefined,
      replicas: planned.replicas,
      config: topicConfig(planned.sink, planned.retentionMs),
    },
    planned.sink.partitions,
    span,
  );
  const spec = await withSchemas({ ...planned.sink, partitions }, engine, true, span);
  const fresh = planOf(made, spec);
  const plan = replaced === undefined ? fresh : upgradedPlan(replaced.plan, fresh);
  if ('why' in plan) throw new SqlError('REPLACE_REFUSED', span, { name, why: plan.why });
  const query = queryObject(made, replaced?.id ?? `${made.kind}_${name}_${engine.nextQueryNumber}`, plan, execution);
  const source: SourceObject = { spec, statement: text, readOnly: false, createdBy: query.id, featureView: view };
  const number = await distribute({ v: 1, kind: 'createSource', source, query });
  return created(source, query.id, replaced === undefined ? 'Created' : 'Replaced', number, text);
}

/** Begins a query that fills what another statement made. */
export async function createFiller(
  made: PlannedQuery,
  id: string,
  target: SourceObject,
  execution: Execution,
): Promise<Entity> {
  checkCoPartitioning(made.query, made.planned.plan);
  checkLimit(execution, made.sink.span);
  const query = queryObject(made, id, planOf(made), execution);
  const number = await execution.distribute({ v: 1, kind: 'createQuery', query });
  return created(target, id, 'Created', number, execution.text);
}

/** Refuses one more query where there are as many as there may be. */
function checkLimit({ engine, session }: Execution, span: Span): void {
  const limit = session.read('ksql.query.persistent.active.limit');
  if (limit !== undefined && engine.catalog.queries.size >= limit)
    throw new SqlError('TOO_MANY_QUERIES', span, { limit });
}

function queryObject(
  { kind, sink, planned }: PlannedQuery,
  id: string,
  plan: PhysicalPlan,
  { session, text }: Execution,
): QueryObject {
  return {
    id,
    kind,
    statement: text,
    sources: planned.query.sources,
    sink: sink.text,
    plan,
    paused: false,
    properties: session.overrides(),
  };
}

function created(source: SourceObject, id: string, done: string, number: number, text: string): Entity {
  const place = wordOf(source).replace(' ', '_');
  return currentStatus(text, `${place}/\`${source.spec.name}\`/create`, `${done} query with ID ${id}`, number, id);
}
