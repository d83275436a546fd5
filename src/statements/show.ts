import { functionNames, findFunction } from '../functions/registry.ts';
import type { QueryObject, SourceObject } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import { sessionOptions } from '../config/session-options.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Show, ShowKind } from '../syntax/statements/show.ts';
import { typeText } from '../types/sql-type.ts';
import { describeSource } from './describe.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';

type Lister = (statement: Show, execution: Execution) => Promise<Entity> | Entity;

const sources = (engine: Engine, kind: 'STREAM' | 'TABLE'): SourceObject[] =>
  [...engine.catalog.sources.values()]
    .filter(({ spec }) => spec.kind === kind)
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));

function listSources(type: 'streams' | 'tables', kind: 'STREAM' | 'TABLE'): Lister {
  return (statement, { engine, text }) => {
    const found = sources(engine, kind);
    if (statement.extended)
      return entity('source_descriptions', text, {
        sourceDescriptions: found.map((each) => describeSource(engine, each, true)),
      });
    const rows = found.map(({ spec }) => ({
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

export function queryState(engine: Engine, query: QueryObject): string {
  return query.paused ? 'PAUSED' : (engine.node.status(query.id)?.state ?? 'RUNNING');
}

/** One lister for each kind of object. */
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
  QUERIES: (_statement, { engine, text }) => {
    const queries = [...engine.catalog.queries.values()].map((query) => {
      const state = queryState(engine, query);
      const sink = engine.catalog.sources.get(query.sink)?.spec;
      const error = engine.node.status(query.id)?.error ?? null;
      return {
        queryString: query.statement,
        sinks: [query.sink],
        sinkKafkaTopics: sink === undefined ? [] : [sink.topic],
        id: query.id,
        statusCount: { [state]: 1 },
        queryType: 'PERSISTENT',
        state,
        error,
      };
    });
    return entity('queries', text, { queries });
  },
  FUNCTIONS: (_statement, { text }) => {
    const functions = functionNames().map((name) => {
      const found = findFunction(name)!;
      return { name, type: found.kind.toUpperCase(), category: found.category };
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
      models: [...engine.catalog.models.values()].map(({ name, versions, defaultVersion, comment }) => ({
        name,
        provider: versions.at(-1)!.options['PROVIDER'],
        versions: versions.map(({ version }) => version),
        defaultVersion,
        comment: comment ?? null,
      })),
    }),
  'FEATURE VIEWS': (_statement, { engine, text }) =>
    entity('feature_views', text, {
      featureViews: [...engine.catalog.sources.values()].flatMap(({ spec, featureView }) =>
        featureView === undefined
          ? []
          : [
              {
                name: spec.name,
                entityKey: featureView.entityKey,
                ttlMs: featureView.ttlMs ?? null,
                onlineStore: featureView.options['ONLINE_STORE'] ?? 'state',
                owner: featureView.options['OWNER'] ?? null,
                tags: featureView.options['TAGS'] ?? null,
                comment: featureView.comment ?? null,
              },
            ],
      ),
    }),
  MONITORS: (statement) => {
    throw new SqlError('NOT_SUPPORTED_YET', statement.span, { what: 'SHOW MONITORS' });
  },
};

export const show: Handler<Show> = async (statement, execution) => listers[statement.what](statement, execution);
