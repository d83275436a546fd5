import { listBackfills } from './backfill.ts';
import { functionNames, findFunction } from '../functions/registry.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import { likeIgnoringCase } from '../expressions/like.ts';
import { sessionOptions } from '../config/session-options.ts';
import type { Show, ShowKind } from '../syntax/statements/show.ts';
import { typeText } from '../types/sql-type.ts';
import { describeSource } from './describe.ts';
import { listFeatureViews } from './feature-view-info.ts';
import { listServices } from './feature-services.ts';
import { listMonitors } from './monitors.ts';
import { describeQueries, listQueries } from './running-queries.ts';
import { listTrainingSets } from './training-sets.ts';
import { listVerifications } from './verify.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';

type Lister = (statement: Show, execution: Execution) => Promise<Entity> | Entity;

const sources = (engine: Engine, kind: 'STREAM' | 'TABLE'): SourceObject[] =>
  [...engine.catalog.sources.values()]
    .filter(({ spec }) => spec.kind === kind)
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));

function listSources(type: 'streams' | 'tables', kind: 'STREAM' | 'TABLE'): Lister {
  return async (statement, { engine, text }) => {
    const listed = sources(engine, kind);
    if (statement.extended)
      return entity('source_descriptions', text, {
        sourceDescriptions: await Promise.all(listed.map((source) => describeSource(engine, source, true))),
      });
    const rows = listed.map(({ spec }) => ({
      type: kind,
      name: spec.name,
      topic: spec.topic,
      keyFormat: spec.keyFormat.format,
      valueFormat: spec.valueFormat.format,
      isWindowed: spec.window !== undefined,
    }));
    return entity(type, text, { [type]: rows });
  };
}

/** The answers to SHOW, by kind of object. */
const listers: { readonly [K in ShowKind]: Lister } = {
  STREAMS: listSources('streams', 'STREAM'),
  TABLES: listSources('tables', 'TABLE'),
  TOPICS: async (statement, { engine, text }) => {
    const topics = (await engine.node.listTopics()).filter(({ name }) => statement.all || !name.startsWith('_'));
    const rows = topics.map(({ name, partitions, replicas }) => ({
      name,
      replicaInfo: Array.from({ length: partitions }, () => replicas),
    }));
    if (!statement.extended) return entity('kafka_topics', text, { topics: rows });
    return entity('kafka_topics_extended', text, {
      topics: rows.map((row) => ({ ...row, consumerCount: 0, consumerGroupCount: 0 })),
    });
  },
  QUERIES: ({ extended }, { engine, text }) =>
    extended
      ? entity('query_descriptions', text, { queryDescriptions: describeQueries(engine) })
      : entity('queries', text, { queries: listQueries(engine) }),
  FUNCTIONS: (_statement, { text }) => {
    const functions = functionNames().map((name) => {
      const fn = findFunction(name)!;
      return { name, type: fn.kind.toUpperCase(), category: fn.category };
    });
    return entity('function_names', text, { functions });
  },
  PROPERTIES: (_statement, { engine, session, text }) => {
    const { defaults } = engine;
    const own = sessionOptions.options.map((option) => ({
      name: option.name,
      scope: option.name.startsWith('ksql.') ? 'KSQL' : 'STREAMS',
      value: session.properties.get(option.name) ?? defaults[option.name] ?? option.default ?? '',
      editable: true,
      level: session.properties.has(option.name) ? 'SESSION' : 'SERVER',
    }));
    const server = engine.serverSettings.map((setting) => ({
      ...setting,
      scope: 'KSQL',
      editable: false,
      level: 'SERVER',
    }));
    return entity('properties', text, {
      properties: [...own, ...server].sort((a, b) => (a.name < b.name ? -1 : 1)),
      overwrittenProperties: [...session.properties.keys()],
      defaultProperties: sessionOptions.names,
    });
  },
  TYPES: (_statement, { engine, text }) =>
    entity('type_list', text, {
      types: Object.fromEntries([...engine.catalog.types].map(([name, type]) => [name, { type: typeText(type) }])),
    }),
  VARIABLES: (_statement, { session, text }) =>
    entity('variables', text, { variables: [...session.variables].map(([name, value]) => ({ name, value })) }),
  MODELS: (_statement, { engine, text }) =>
    entity('models', text, {
      models: [...engine.catalog.models.values()].map((model) => ({
        name: model.name,
        provider: model.versions.at(-1)!.options['PROVIDER'],
        versions: model.versions.map(({ version }) => version),
        defaultVersion: model.defaultVersion,
        aliases: model.aliases ?? {},
        route: (model.route?.targets ?? []).map(({ version, slots }) => ({ version, weight: slots / 100 })),
        shadows: (model.route?.shadows ?? []).map(({ version, slots }) => ({ version, sample: slots / 100 })),
        comment: model.comment ?? null,
      })),
    }),
  'FEATURE VIEWS': async (_statement, { engine, text }) =>
    entity('feature_views', text, { featureViews: await listFeatureViews(engine) }),
  'FEATURE SERVICES': (_statement, { engine, text }) =>
    entity('feature_services', text, { featureServices: listServices(engine) }),
  'TRAINING SETS': async (_statement, { engine, text }) =>
    entity('training_sets', text, { trainingSets: await listTrainingSets(engine) }),
  VIEWS: (_statement, { engine, text }) =>
    entity('views', text, {
      views: [...engine.catalog.views.values()].map(({ name, query }) => ({ name, query })),
    }),
  VERIFICATIONS: (_statement, { engine, text }) =>
    entity('verifications', text, { verifications: listVerifications(engine) }),
  BACKFILLS: (_statement, { engine, text }) => entity('backfills', text, { backfills: listBackfills(engine) }),
  MONITORS: async (_statement, { engine, text }) => entity('monitors', text, { monitors: await listMonitors(engine) }),
};

/** What is listed under a name, or under an id where things have none. */
interface Listed {
  readonly name?: unknown;
  readonly id?: unknown;
}

/** The answer without what is named otherwise; case does not count, as in the names that statements have. */
function namedLike(pattern: string, answer: Entity): Entity {
  const isWanted = (name: unknown): boolean => typeof name !== 'string' || likeIgnoringCase(name, pattern, null);
  const wanted = (value: unknown): unknown => {
    if (Array.isArray(value)) return (value as Listed[]).filter(({ name, id }) => isWanted(name ?? id));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => isWanted(name)));
  };
  const fields = Object.entries(answer).map(([field, value]) => [field, wanted(value)] as const);
  return { ...answer, ...Object.fromEntries(fields) };
}

export const show: Handler<Show> = async (statement, execution) => {
  const answer = await listers[statement.what](statement, execution);
  return statement.like === undefined ? answer : namedLike(statement.like, answer);
};
