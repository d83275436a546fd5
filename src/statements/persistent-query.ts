import { checkName } from '../analysis/create-source.ts';
import type { Retention } from '../analysis/retention.ts';
import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { physicalPlan, sinkOf, type LogicalQuery } from '../engine/plan-query.ts';
import type { Command } from '../engine/commands.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { upgradedPlan } from '../plan/physical/upgrade.ts';
import type { Name } from '../syntax/expressions.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import { sameData } from '../util/same-data.ts';
import { checkCoPartitioning } from './check-co-partitioning.ts';
import { exportsFor, type Export } from './exports.ts';
import { currentStatus, warning, type Entity, type Execution } from './handler.ts';
import { inId } from './query-ids.ts';
import { replacedQuery, wordOf } from './replacement.ts';
import { checkTarget, withSchemas } from './schemas.ts';
import { stateWarnings, withStateTtl } from './state-ttl.ts';
import { ensureTopic } from './topics.ts';

/** A planned persistent query that is not yet started: what CSAS, CTAS, CREATE FEATURE VIEW and INSERT … SELECT differ in. */
export interface PlannedQuery {
  readonly kind: QueryObject['kind'];
  /** The name of the source that it fills. */
  readonly sink: Name;
  readonly query: QueryNode;
  readonly planned: LogicalQuery;
  readonly view: FeatureView | undefined;
  /** Properties that the statement sets for its query alone. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A statement that creates a named object. */
export interface Creation {
  readonly name: Name;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly span: Span;
}

/** The answer to IF NOT EXISTS for an existing object. Throws when the name is taken, or when OR REPLACE is disabled. */
export function answerIfExists(
  statement: Creation,
  word: string,
  { engine, session, text }: Execution,
): Entity | undefined {
  const { text: name, span } = statement.name;
  const existing = engine.catalog.sources.get(name);
  if (engine.catalog.views.has(name)) {
    if (statement.ifNotExists)
      return warning(text, `Cannot add ${word} \`${name}\`: A view with the same name already exists.`);
    if (word !== 'view' || !statement.orReplace) throw new SqlError('SOURCE_EXISTS', span, { kind: 'view', name });
  }
  if (existing !== undefined && statement.ifNotExists)
    return warning(text, `Cannot add ${word} \`${name}\`: A ${wordOf(existing)} with the same name already exists.`);
  if (existing !== undefined && !statement.orReplace)
    throw new SqlError('SOURCE_EXISTS', span, { kind: wordOf(existing), name });
  if (statement.orReplace && !session.read('ksql.create.or.replace.enabled'))
    throw new SqlError('REPLACE_REFUSED', statement.span, { name, why: 'OR REPLACE is switched off' });
  checkName(statement.name);
  return undefined;
}

/**
 * The configuration of a topic that a statement creates. Of a table, compaction leaves what is younger than `keptMs`: former rows that
 * others look for.
 */
export function topicConfig(
  { kind, window }: Pick<SourceSpec, 'kind' | 'window'>,
  { ms, bytes }: Retention,
  keptMs = 0,
): Record<string, string> {
  return {
    ...(kind === 'TABLE' ? { 'cleanup.policy': window === undefined ? 'compact' : 'compact,delete' } : {}),
    ...(kind === 'TABLE' && keptMs > 0 ? { 'min.compaction.lag.ms': String(keptMs) } : {}),
    ...(ms === undefined ? {} : { 'retention.ms': String(ms) }),
    ...(bytes === undefined ? {} : { 'retention.bytes': String(bytes) }),
  };
}

/**
 * The answers of a feature view are in its topic, for training sets and verification: without HISTORY for as long as the records of a
 * topic that is not compacted.
 */
const answersMs = 7 * 86_400_000;

/** Whether a statement gives the number of partitions, which an existing topic must then have. */
export const hasPartitions = (properties: readonly PropertyNode[]): boolean =>
  properties.some(({ name }) => name === 'PARTITIONS');

/** The plan to run. */
export function planOf({ planned, view }: PlannedQuery, sink = planned.sink): PhysicalPlan {
  const plan = withStateTtl(physicalPlan(planned.plan, sinkOf({ ...planned, sink })), planned.stateTtl);
  if (view === undefined || view.options['ONLINE_STORE'] === 'none') return plan;
  const { entityKey, timestamp, ttlMs } = view;
  return { ...plan, entityKey, entityTime: timestamp, ...(ttlMs === undefined ? {} : { entityTtlMs: ttlMs }) };
}

/**
 * Creates the source that a query fills, or gives the query of an existing source a new plan: creates the topic, registers the
 * schemas of its records, and distributes the command.
 */
export async function createFilled(
  definition: PlannedQuery,
  partitionsGiven: boolean,
  execution: Execution,
): Promise<Entity> {
  const { engine, text, distribute } = execution;
  const { planned, view } = definition;
  const { text: name, span } = definition.sink;
  const existing = engine.catalog.sources.get(name);
  checkCoPartitioning(definition.query, planned.plan);
  // What cannot be planned is refused before it has a topic.
  planOf(definition);
  const replaced = existing && replacedQuery(existing, { spec: planned.sink, view }, span, engine);
  if (replaced === undefined) checkLimit(execution, span);
  const partitions = await ensureTopic(
    engine,
    {
      name: planned.sink.topic,
      partitions: partitionsGiven ? planned.sink.partitions : undefined,
      replicas: planned.replicas,
      config: topicConfig(planned.sink, planned.retention, planned.historyMs ?? (view === undefined ? 0 : answersMs)),
    },
    planned.sink.partitions,
    span,
  );
  const spec = await withSchemas({ ...planned.sink, partitions }, engine, true, span);
  const fresh = planOf(definition, spec);
  const plan = replaced === undefined ? fresh : inPlace(replaced.plan, fresh, view);
  if ('why' in plan) throw new SqlError('REPLACE_REFUSED', span, { name, why: plan.why });
  const query = queryObject(
    definition,
    replaced?.id ?? `${definition.kind}_${inId(name)}_${engine.nextQueryNumber}`,
    plan,
    execution,
  );
  const { erased, version } = existing?.featureView ?? {};
  const source: SourceObject = {
    spec,
    statement: text,
    readOnly: false,
    createdBy: query.id,
    featureView: view && {
      ...view,
      ...(erased === undefined ? {} : { erased }),
      ...(version === undefined ? {} : { version }),
    },
    ...(planned.historyMs === undefined ? {} : { historyMs: planned.historyMs }),
  };
  const exported = await exportsFor(
    spec,
    planned.exports,
    engine.nextQueryNumber + (replaced === undefined ? 1 : 0),
    span,
    execution,
  );
  const kind = existing === undefined && view?.version !== undefined ? 'createVersion' : 'createSource';
  const number = await distributeSource({ v: 1, kind, source, query }, exported, distribute);
  const answer = created(source, query.id, replaced === undefined ? 'Created' : 'Replaced', number, text);
  return { ...answer, warnings: [...answer.warnings, ...stateWarnings(plan).map((message) => ({ message }))] };
}

/** The plan of a query that goes on where it is, or why it cannot. A view's that has the same steps can, whatever they are. */
export const inPlace = (
  old: PhysicalPlan,
  fresh: PhysicalPlan,
  view: FeatureView | undefined,
): ReturnType<typeof upgradedPlan> =>
  view !== undefined && sameData(old.root, fresh.root) ? fresh : upgradedPlan(old, fresh);

/** Creates a source together with the queries that write its rows elsewhere; when it fails, their folders are free again. */
export async function distributeSource(
  command: Extract<Command, { kind: 'createSource' | 'createVersion' }>,
  exported: readonly Export[],
  distribute: Execution['distribute'],
): Promise<number> {
  if (exported.length === 0) return distribute(command);
  try {
    return await distribute({ ...command, exporters: exported.map(({ query }) => query) });
  } catch (error) {
    for (const { release } of exported) await release();
    throw error;
  }
}

/** Starts a query that writes to an existing source. */
export async function createFiller(
  definition: PlannedQuery,
  id: string,
  target: SourceObject,
  execution: Execution,
): Promise<Entity> {
  checkCoPartitioning(definition.query, definition.planned.plan);
  checkTarget(target.spec, definition.sink.span);
  checkLimit(execution, definition.sink.span);
  const query = queryObject(definition, id, planOf(definition), execution);
  const number = await execution.distribute({ v: 1, kind: 'createQuery', query });
  return created(target, id, 'Created', number, execution.text);
}

/** Refuses one more query when the limit of active queries is reached. */
export function checkLimit({ engine, session }: Execution, span: Span): void {
  const limit = session.read('ksql.query.persistent.active.limit');
  if (limit !== undefined && engine.catalog.queries.size >= limit)
    throw new SqlError('TOO_MANY_QUERIES', span, { limit });
}

function queryObject(
  { kind, sink, planned, properties }: PlannedQuery,
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
    properties: { ...session.overrides(), ...properties },
  };
}

function created(source: SourceObject, id: string, done: string, number: number, text: string): Entity {
  const place = wordOf(source).replace(' ', '_');
  return currentStatus(text, `${place}/\`${source.spec.name}\`/create`, `${done} query with ID ${id}`, number, id);
}
