import { viewsIn } from '../bind/feature-service.ts';
import { viewsOver } from '../bind/views.ts';
import { viewOfName } from '../catalog/version-names.ts';
import type { Catalog, QueryObject } from '../catalog/catalog.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import type { OptionTable } from '../config/option.ts';
import { monitorOptions } from '../engine/monitors/options.ts';
import { parseScript } from '../syntax/parse.ts';
import { modelsIn, sourcesIn } from '../syntax/sources-in.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { isOnDisk } from '../util/model-path.ts';
import { touchedByDrop } from './drop-source.ts';

/** What a user may be allowed to do. */
export const rights = ['read', 'write', 'create', 'terminate', 'admin'] as const;
export type Right = (typeof rights)[number];

/** What rights on a name are given for: those on a view are on all of its versions. */
export const sourceOfRights = viewOfName;

/** A right that a statement needs on a source or model; without `on` it is enough to have it on any. */
export interface Need {
  readonly right: Right;
  readonly on: string | undefined;
}

type Needs<S> = (statement: S, catalog: Catalog) => readonly Need[];

const onAny = (right: Right): readonly Need[] => [{ right, on: undefined }];
const on = (right: Right, names: readonly string[]): readonly Need[] => names.map((name) => ({ right, on: name }));

function reading(query: QueryNode | undefined): readonly Need[] {
  if (query === undefined) return [];
  const { sources, models, files } = sourcesIn(query);
  return [...on('read', [...sources, ...models]), ...(files.length === 0 ? [] : onAny('admin'))];
}

/** Who writes files does so with the rights of the server. */
const writingFiles = (properties: readonly PropertyNode[]): readonly Need[] =>
  properties.some(({ name }) => name === 'PATH' || name === 'OFFLINE_PATH') ? onAny('admin') : [];

/** A model on the node's disk is read with the rights of the server. */
const readingModel = (properties: readonly PropertyNode[]): readonly Need[] =>
  properties.some(({ name, value }) => name === 'PATH' && isOnDisk(String(value))) ? onAny('admin') : [];

/** A service is told of with the views and models that it reads. */
function readingService(name: string, { featureServices }: Catalog): readonly Need[] {
  const { views = [], invokes = [] } = featureServices.get(name) ?? {};
  return on('read', [name, ...views.map((view) => view.name), ...invokes.map(({ model }) => model)]);
}

/** The sources that options name. */
const readingNamed = (properties: readonly PropertyNode[], table: OptionTable): readonly Need[] =>
  properties.flatMap(({ name, value }) => {
    const option = table.find(name);
    return option?.names === 'source' ? on('read', [String(option.read(value))]) : [];
  });

/** A backfill that goes on into the view's store writes what the view is read from. */
const materializing = (view: string, properties: readonly PropertyNode[]): readonly Need[] =>
  properties.some(({ name }) => name === 'MATERIALIZE') ? on('write', [view]) : [];

/** Topics of Kafka and of nodes themselves: commands, changelogs, repartitions. Nobody declares a source over them by accident. */
const isInternal = (topic: string): boolean =>
  topic.startsWith('_') || /-(changelog|repartition)$|millrace_(dead_letters|clock)$/.test(topic);

/** The sources over a topic other than one; a topic of the node itself needs `admin`. */
function sharing(topic: string, catalog: Catalog, right: Right, except?: string): readonly Need[] {
  if (isInternal(topic)) return onAny('admin');
  const sources = [...catalog.sources.values()].filter(({ spec }) => spec.topic === topic && spec.name !== except);
  return on(
    right,
    sources.map(({ spec }) => spec.name),
  );
}

const topicOf = (properties: readonly PropertyNode[], name: string): string => {
  const written = properties.find((property) => property.name === 'KAFKA_TOPIC')?.value;
  return typeof written === 'string' ? written : name;
};

/** A second source over a topic shows and takes what the first does, so who declares it needs the same rights on the first. */
const creating: Needs<CreateSource> = ({ name: { text: name }, properties, query }, catalog) => {
  const topic = topicOf(properties, name);
  return [
    ...on('create', [name]),
    ...writingFiles(properties),
    ...reading(query),
    ...sharing(topic, catalog, 'write', name),
    ...(query === undefined ? sharing(topic, catalog, 'read', name) : []),
  ];
};

const topicOfSource = (name: string, catalog: Catalog): string | undefined => catalog.sources.get(name)?.spec.topic;

function sinksOf(id: string | undefined, catalog: Catalog): readonly string[] {
  const filled = ({ kind, sink, sources }: QueryObject): string => (kind === 'EXPORT' ? sources[0]! : sink);
  if (id === undefined) return [...catalog.queries.values()].map(filled);
  const query = catalog.queries.get(id);
  return query === undefined ? [] : [filled(query)];
}

/** What each kind of statement needs; a kind without an entry does not compile. */
const needs: { readonly [K in Statement['kind']]: Needs<Extract<Statement, { kind: K }>> } = {
  createSource: creating,
  alterSource: ({ name }) => on('create', [name.text]),
  dropSource: ({ name: { text: name }, cascade, deleteTopic }, catalog) => {
    const topic = topicOfSource(name, catalog);
    return [
      ...on('terminate', cascade ? touchedByDrop(catalog, name) : [name]),
      ...(deleteTopic && topic !== undefined ? sharing(topic, catalog, 'terminate', name) : []),
    ];
  },
  insert: ({ target, query }) => [
    ...on('write', [target.text]),
    ...(query === undefined ? [] : on('create', [target.text])),
    ...reading(query),
  ],
  deleteEntity: ({ view }) => on('write', [view.text]),
  deleteRow: ({ table }) => on('write', [table.text]),
  select: ({ query }) => reading(query),
  // Records of a topic that no source is over are nobody's to give.
  print: ({ topic }, catalog) => {
    const sources = sharing(topic, catalog, 'read');
    return sources.length === 0 ? onAny('admin') : sources;
  },
  queryControl: ({ query, isMonitor }, catalog) => {
    if (isMonitor) return on('terminate', [query!.text]);
    const sinks = sinksOf(query?.text, catalog);
    return sinks.length === 0 ? onAny('terminate') : on('terminate', sinks);
  },
  explain: ({ query, statement }, catalog) =>
    statement === undefined
      ? [...onAny('read'), ...on('read', sinksOf(query!.text, catalog))]
      : parseScript({ name: 'explained', text: `${statement};` }).flatMap((inner) =>
          needsOf(inner, catalog).filter(({ right }) => right === 'read'),
        ),
  show: () => onAny('read'),
  // Types are everybody's, as for SHOW TYPES.
  showCreate: ({ what, name: { text: name } }, catalog) =>
    what === 'TYPE' && catalog.types.has(name)
      ? onAny('read')
      : what === 'FEATURE SERVICE' || what === undefined
        ? readingService(name, catalog)
        : on('read', [name]),
  summarize: ({ name }) => on('read', [name.text]),
  describe: ({ what, name }, catalog) => {
    if (what === 'FUNCTION' || name === undefined) return onAny('read');
    return what === 'FEATURE SERVICE' ? readingService(name.text, catalog) : on('read', [name.text]);
  },
  setProperty: () => [],
  unsetProperty: () => [],
  define: () => [],
  undefine: () => [],
  alterSystem: () => onAny('admin'),
  createType: ({ name }) => on('create', [name.text]),
  dropType: ({ name }) => on('terminate', [name.text]),
  createView: ({ name, query }) => [...on('create', [name.text]), ...reading(query)],
  dropView: ({ name: { text: name }, cascade }, catalog) =>
    on('terminate', cascade ? [name, ...viewsOver(catalog, name)] : [name]),
  createModel: ({ name, properties }) => [...on('create', [name.text]), ...readingModel(properties)],
  alterModel: ({ name, change }) => [
    ...on('create', [name.text]),
    ...('properties' in change ? readingModel(change.properties) : []),
  ],
  dropModel: ({ name }) => on('terminate', [name.text]),
  createFeatureView: ({ name, properties, query }, catalog) => [
    ...on('create', [name.text]),
    ...writingFiles(properties),
    ...reading(query),
    ...sharing(topicOf(properties, name.text), catalog, 'write', name.text),
  ],
  alterFeatureView: ({ name }) => on('create', [name.text]),
  materialize: ({ name }) => on('write', [name.text]),
  dropFeatureView: ({ name }, catalog) => on('terminate', touchedByDrop(catalog, name.text)),
  createFeatureService: ({ name, features }) => [
    ...on('create', [name.text]),
    ...on('read', [...viewsIn(features).map(({ text }) => text), ...modelsIn(features)]),
  ],
  dropFeatureService: ({ name }) => on('terminate', [name.text]),
  createTrainingSet: ({ name, properties, query }) => [
    ...on('create', [name.text]),
    ...writingFiles(properties),
    ...reading(query),
  ],
  dropTrainingSet: ({ name }) => on('terminate', [name.text]),
  verifyFeatureView: ({ name }) => on('read', [name.text]),
  backfill: ({ name, properties }) => [
    ...on('read', [name.text]),
    ...writingFiles(properties),
    ...materializing(name.text, properties),
  ],
  createMonitor: ({ name, target, baseline, properties }, catalog) => [
    ...on('create', [name.text]),
    ...writingFiles(properties),
    ...readingNamed(properties, monitorOptions),
    ...(target.kind === 'QUERY' ? on('read', sinksOf(target.name.text, catalog)) : on('read', [target.name.text])),
    ...(baseline?.kind === 'QUERY' ? reading(baseline.query) : []),
    ...(baseline?.kind === 'STREAM' || baseline?.kind === 'TRAINING SET' ? on('read', [baseline.name.text]) : []),
    ...sharing(topicOf(properties, name.text), catalog, 'write', name.text),
  ],
  dropMonitor: ({ name }, catalog) => on('terminate', touchedByDrop(catalog, name.text)),
  assertTopic: () => onAny('read'),
  assertSchema: () => onAny('read'),
  assertValues: () => onAny('read'),
  assertSource: () => onAny('read'),
  // A connector moves data in and out with the rights of Kafka Connect.
  createConnector: () => onAny('admin'),
  dropConnector: () => onAny('admin'),
  describeConnector: () => onAny('read'),
  showConnectors: () => onAny('read'),
};

/** What a statement needs. */
export const needsOf = (statement: Statement, catalog: Catalog): readonly Need[] =>
  (needs[statement.kind] as Needs<Statement>)(statement, catalog);
