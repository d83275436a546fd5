import type { QueryObject } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import type { PushQuery } from '../engine/push-queries.ts';
import { explainSteps } from '../plan/physical/explain.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { schemaInfo } from './schema-info.ts';

/** A query as SHOW QUERIES and EXPLAIN tell of it, in ksqlDB's form. */
type Told = Record<string, unknown>;

export function queryState(engine: Engine, query: QueryObject): string {
  return query.paused ? 'PAUSED' : (engine.node.status(query.id)?.state ?? 'RUNNING');
}

/** The ids by which EXPLAIN and TERMINATE know queries. */
export const queryIds = (engine: Engine): readonly string[] => [
  ...engine.catalog.queries.keys(),
  ...engine.pushQueries.all().map(({ id }) => id),
];

/** The rows of SHOW QUERIES: the queries of the catalogue, and the push queries of this node's clients. */
export function listQueries(engine: Engine): readonly Told[] {
  const persistent = [...engine.catalog.queries.values()].map((query) => {
    const state = queryState(engine, query);
    const sink = engine.catalog.sources.get(query.sink)?.spec;
    return {
      queryString: query.statement,
      sinks: [query.sink],
      sinkKafkaTopics: sink === undefined ? [] : [sink.topic],
      id: query.id,
      statusCount: { [state]: 1 },
      queryType: 'PERSISTENT',
      state,
      error: engine.node.status(query.id)?.error ?? null,
    };
  });
  const push = engine.pushQueries.all().map(({ id, statement, sources }) => ({
    queryString: statement,
    sinks: [],
    sinkKafkaTopics: [],
    id,
    statusCount: { RUNNING: 1 },
    queryType: 'PUSH',
    state: 'RUNNING',
    error: null,
    sources,
  }));
  return [...persistent, ...push];
}

/** What SHOW QUERIES EXTENDED and EXPLAIN tell of a query of the catalogue. */
export function describeQuery(engine: Engine, query: QueryObject): Told {
  const { error, errorAt } = engine.node.status(query.id) ?? {};
  return description({
    id: query.id,
    statementText: query.statement,
    sources: query.sources,
    sinks: [query.sink],
    plan: query.plan,
    executionPlan: rulesLine(query.plan),
    state: queryState(engine, query),
    errors: error === undefined ? [] : [{ timestamp: errorAt, errorMessage: error, type: 'UNKNOWN' }],
    overridden: query.properties,
  });
}

/** The same of a push query. */
export const describePush = ({ id, statement, sources, plan, properties }: PushQuery): Told =>
  description({
    id,
    statementText: statement,
    sources,
    sinks: [],
    plan,
    executionPlan: rulesLine(plan),
    state: 'RUNNING',
    errors: [],
    overridden: properties,
  });

/** The same of all queries. */
export const describeQueries = (engine: Engine): readonly Told[] => [
  ...[...engine.catalog.queries.values()].map((query) => describeQuery(engine, query)),
  ...engine.pushQueries.all().map(describePush),
];

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

/** A `queryDescription` of ksqlDB. */
export function description(parts: Parts): Told {
  const fields = parts.plan.root.columns.map(({ name, type, role }) => ({
    name,
    schema: schemaInfo(type),
    ...(role === 'key' ? { type: 'KEY' } : {}),
  }));
  return {
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
}

const rulesLine = (plan: PhysicalPlan): string => `Rules that fired: ${plan.rules.join(', ') || 'none'}`;
