import { fileSizeOptions, fileSizes as fileSizesOf } from '../analysis/file-options.ts';
import { onlineOptions, urlOf } from '../analysis/export-options.ts';
import { sinkOptions } from '../analysis/source-options.ts';
import { Properties } from '../bind/properties.ts';
import { requireView } from '../bind/context.ts';
import { bindQuery } from '../bind/query.ts';
import { idsOf, keysOf, reference } from '../bound/rows.ts';
import { isEvaluatedAtRead, type Catalog, type FeatureView, type SourceObject } from '../catalog/catalog.ts';
import { versionOf, viewOfName } from '../catalog/version-names.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { persistentOptions, planCreateAs, type LogicalQuery } from '../engine/plan-query.ts';
import { orderDependence } from '../engine/verification/order.ts';
import type { Session } from '../engine/session.ts';
import type { OnlineSpec } from '../specs/exports.ts';
import type { FilesSpec } from '../specs/files.ts';
import { rowOrder } from '../specs/row-order.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import { isKeyedBy, type LogicalNode } from '../plan/logical/node.ts';
import { readEvaluation } from '../plan/physical/read-evaluation.ts';
import type { CreateFeatureView, DropFeatureView } from '../syntax/statements/feature-views.ts';
import { keyColumns } from '../types/schema.ts';
import { STRING, typeText, type SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { optionTable } from '../config/option.ts';
import { catalogued, viewOptions } from './view-options.ts';
import {
  asVersion,
  freePlace,
  isOtherLogic,
  newestVersion,
  newVersion,
  placeOfVersion,
  versionToDrop,
} from './view-versions.ts';
import { dropVersion, dropWithQueries } from './drop-source.ts';
import { currentStatus, warning, type Entity, type Execution, type Handler } from './handler.ts';
import { answerIfExists, createFilled, hasPartitions, inPlace, planOf, type PlannedQuery } from './persistent-query.ts';

/** CREATE FEATURE VIEW: a persistent query whose newest row of each entity is served from its state. */
export const createFeatureView: Handler<CreateFeatureView> = async (statement, execution) => {
  const answer = answerIfExists(statement, 'feature view', execution);
  if (answer !== undefined) return answer;
  const definition = planFeatureView(statement, execution.engine.catalog, execution.session);
  const created = await createOrReplace(statement, definition, execution);
  const why = orderDependence(planOf(definition));
  if (why === undefined) return created;
  const message = `${statement.name.text} is ORDER_DEPENDENT: ${why}. A replay may give other rows; with EMIT FINAL it gives the same.`;
  return { ...created, warnings: [...created.warnings, { message }] };
};

/**
 * A view that there is gets a new version where the statement computes something else than its newest one, or has to begin anew; it
 * goes on where it is where only its options differ.
 */
async function createOrReplace(
  statement: CreateFeatureView,
  definition: PlannedQuery,
  execution: Execution,
): Promise<Entity> {
  const { engine, text } = execution;
  const { text: view, span } = statement.name;
  const partitionsGiven = hasPartitions(statement.properties);
  const newest = newestVersion(engine.catalog, view);
  if (newest === undefined) return createFilled(definition, partitionsGiven, execution);
  const { topic } = definition.planned.sink;
  const same = asVersion(definition, newest.spec.name, placeOfVersion(newest, topic));
  const running = engine.catalog.queries.get(newest.createdBy!);
  const goesOn = running !== undefined && !('why' in inPlace(running.plan, planOf(same), definition.view));
  if (goesOn && !isOtherLogic(statement, newest)) return createFilled(same, partitionsGiven, execution);
  const { name, number } = newVersion(definition, view, engine, span);
  const version = asVersion(definition, name, await freePlace(topic, number, engine));
  const created = await createFilled(
    {
      ...version,
      view: { ...definition.view!, version: { view, number } },
      properties: { 'auto.offset.reset': 'earliest', ...definition.properties },
    },
    partitionsGiven,
    execution,
  );
  const live = versionOf(engine.catalog.sources.get(view)!.featureView!);
  const id = (created['commandStatus'] as { queryId: string }).queryId;
  const message = `Version ${number} of feature view ${view} is filled by query ${id}. Version ${live} is live until it has caught up.`;
  const answer = currentStatus(
    text,
    `feature_view/\`${view}\`/create`,
    message,
    created['commandSequenceNumber'] as number,
    id,
  );
  return {
    ...answer,
    warnings: [...created.warnings, ...erasureWarnings(newest)],
  };
}

/** What the sources have of entities that were deleted comes again. */
function erasureWarnings({ spec, featureView }: SourceObject): { readonly message: string }[] {
  const count = featureView!.erased?.length ?? 0;
  if (count === 0) return [];
  const message = `DELETE ENTITY was run on ${spec.name} ${count} time${count === 1 ? '' : 's'}: the new version has what its sources still have of those entities. Delete there too, or run the statements again when it is live.`;
  return [{ message }];
}

/** The query of CREATE FEATURE VIEW; its result is a table if the query groups, else a stream. */
export function planFeatureView(statement: CreateFeatureView, catalog: Catalog, session: Session): PlannedQuery {
  const { name, query, span } = statement;
  if (statement.ttl?.ms === 0)
    throw new SqlError('FEATURE_VIEW_INVALID', span, {
      view: name.text,
      why: 'a TTL of nothing serves nothing: leave it out, or make it longer',
    });
  const view = viewOf(statement);
  const options = persistentOptions(session, 'standard');
  const { shape } = bindQuery(query, catalog, { ...options, purpose: 'persistent' }).rows;
  const properties = statement.properties.filter(
    ({ name: option }) => viewOptions.find(option) === undefined && !exportNames.has(option),
  );
  const bare = planCreateAs({ kind: shape, name: name.text, properties, span }, query, catalog, options);
  const files = historyFiles(statement);
  const online = onlineStore(statement, bare.sink);
  const planned = {
    ...bare,
    exports: [...(files === undefined ? [] : [{ files }]), ...(online === undefined ? [] : [{ online }])],
  };
  checkColumns(statement, planned);
  checkEvaluation(statement, planned, view);
  const start = new Properties(statement.properties, allOptions, span).read('START_TIME');
  return {
    kind: 'FEATURE_VIEW',
    sink: name,
    query,
    planned,
    view,
    ...(start === undefined ? {} : { properties: { 'auto.offset.reset': start } }),
  };
}

/** The files of a view's history. */
function historyFiles(statement: CreateFeatureView): FilesSpec | undefined {
  const properties = new Properties(statement.properties, allOptions, statement.span);
  for (const name of ['SINK', 'PATH'] as const)
    if (properties.has(name)) properties.refuse(name, "a feature view says OFFLINE_STORE='parquet' and OFFLINE_PATH");
  if (properties.read('OFFLINE_STORE') === 'none') {
    for (const name of ['OFFLINE_PATH', 'ROWS_PER_FILE', 'ROLL_INTERVAL'] as const)
      if (properties.has(name)) properties.refuse(name, "it is for OFFLINE_STORE='parquet'");
    return undefined;
  }
  const path = properties.read('OFFLINE_PATH') ?? properties.refuse('OFFLINE_STORE', "it needs OFFLINE_PATH='…'");
  return { path, ...fileSizesOf(properties), time: statement.timestamp?.text };
}

/** The store of a view's newest rows outside of the engine. */
function onlineStore(statement: CreateFeatureView, sink: SourceSpec): OnlineSpec | undefined {
  const properties = new Properties(statement.properties, allOptions, statement.span);
  const store = properties.read('ONLINE_STORE');
  const refuseAll = (names: readonly Parameters<typeof properties.has>[0][], stores: string): void => {
    for (const name of names) if (properties.has(name)) properties.refuse(name, `it is for ONLINE_STORE=${stores}`);
  };
  if (store !== 'redis') refuseAll(['ONLINE_PASSWORD', 'ONLINE_LAYOUT'], "'redis'");
  if (store === 'state' || store === 'none') {
    refuseAll(['ONLINE_URL', 'KEY_PREFIX', 'VALIDATE'], "'redis' and 'dynamodb'");
    return undefined;
  }
  const layout = properties.read('ONLINE_LAYOUT');
  const prefix = properties.read('KEY_PREFIX');
  if (layout === 'feast' && prefix === undefined)
    properties.refuse('ONLINE_LAYOUT', "it needs KEY_PREFIX='…', the project that Feast knows it by");
  const unfit = statement.entityKey.find(
    ({ text }) => !isFeastKey(sink.schema.find(({ name }) => name === text)?.type ?? STRING),
  );
  if (layout === 'feast' && unfit !== undefined)
    properties.refuse('ONLINE_LAYOUT', `Feast has no entity of the type of ${unfit.text}`);
  return {
    store,
    url: urlOf(properties, 'ONLINE_URL', 'ONLINE_STORE', store),
    secret: properties.read('ONLINE_PASSWORD'),
    layout,
    prefix: prefix ?? `features:${statement.name.text}:`,
    view: statement.name.text,
    key: statement.entityKey.map(({ text }) => text),
    time: statement.timestamp?.text,
    ttlMs: statement.ttl?.ms,
    order: rowOrder(sink),
    version: 0,
    validates: properties.read('VALIDATE'),
  };
}
/** The types that Feast takes as entities. */
const isFeastKey = ({ kind }: SqlType): boolean =>
  kind === 'STRING' || kind === 'BYTES' || kind === 'INTEGER' || kind === 'BIGINT' || kind === 'TIMESTAMP';

const exportNames = new Set([...fileSizeOptions, ...onlineOptions].map(({ name }) => name as string));
const allOptions = optionTable(...viewOptions.options, ...sinkOptions.options);

function viewOf(statement: CreateFeatureView): FeatureView {
  const properties = new Properties(statement.properties, allOptions, statement.span);
  const options = {
    ONLINE_STORE: properties.read('ONLINE_STORE'),
    OFFLINE_STORE: properties.read('OFFLINE_STORE'),
    ...(properties.read('EVAL') === 'AT_READ' ? { EVAL: 'AT_READ' } : {}),
    ...catalogued(properties),
  };
  const freshnessTargetMs = properties.read('FRESHNESS');
  return {
    entityKey: statement.entityKey.map(({ text }) => text),
    timestamp: statement.timestamp?.text,
    ttlMs: statement.ttl?.ms,
    comment: statement.comment,
    options,
    ...(freshnessTargetMs === undefined ? {} : { freshnessTargetMs }),
  };
}

/** With EVAL='AT_READ' the view is served from the state of its query, whose frames can be evaluated at any time. */
function checkEvaluation(statement: CreateFeatureView, planned: LogicalQuery, view: FeatureView): void {
  if (!isEvaluatedAtRead(view)) return;
  const properties = new Properties(statement.properties, allOptions, statement.span);
  const refuse = (why: string): never => properties.refuse('EVAL', why);
  if (properties.read('ONLINE_STORE') !== 'state')
    refuse("the state of its query evaluates its frames: it needs ONLINE_STORE='state'");
  if (properties.read('OFFLINE_STORE') !== 'none')
    refuse('files have the features as of events, and would not agree with what is served: leave OFFLINE_STORE out');
  const { name: sink, query } = statement;
  const evaluation = readEvaluation(planOf({ kind: 'FEATURE_VIEW', sink, query, planned, view }));
  if ('why' in evaluation) refuse(evaluation.why);
}

/** All rows of an entity must be in one task, which keeps the newest one, and the feature time must be a column. */
function checkColumns({ name, entityKey, timestamp, span }: CreateFeatureView, { plan, sink }: LogicalQuery): void {
  const columns = sink.schema.map((column) => column.name);
  for (const wanted of [...entityKey, ...(timestamp === undefined ? [] : [timestamp])]) {
    if (!columns.includes(wanted.text))
      throw new SqlError('COLUMN_NOT_FOUND', wanted.span, {
        column: wanted.text,
        candidates: columns,
        suggestion: closest(wanted.text, columns),
      });
  }
  const refuse = (why: string, at: Span): never => {
    throw new SqlError('FEATURE_VIEW_INVALID', at, { view: name.text, why });
  };
  const entity = entityKey.map(({ text }) => text);
  const keys = keyColumns(sink.schema).map((column) => column.name);
  if (new Set(entity).size < entity.length) refuse('its ENTITY KEY names a column twice', span);
  if (plan.shape === 'TABLE' && keys.join() !== entity.join())
    refuse(`its ENTITY KEY must be what it groups by: ${keys.join(', ')}`, span);
  if (
    plan.shape === 'STREAM' &&
    !isTogether(plan, idsOf(plan.columns.filter(({ name: column }) => entity.includes(column))))
  ) {
    const spread = keys.join() === entity.join() ? 'each stream in its own way' : `by ${keys.join(', ') || 'no key'}`;
    refuse(
      `rows of one entity must come together, and these are spread ${spread}: add PARTITION BY ${entity.join(', ')}`,
      span,
    );
  }
  const type = sink.schema.find((column) => column.name === timestamp?.text)?.type;
  if (type !== undefined && type.kind !== 'BIGINT' && type.kind !== 'TIMESTAMP')
    refuse(
      `its TIMESTAMP must be a BIGINT or a TIMESTAMP, and ${timestamp!.text} is ${typeText(type)}`,
      timestamp!.span,
    );
}

/**
 * Whether rows with equal values in these columns are in one task: the columns are the key, or PARTITION BY of OVER has brought
 * them together.
 */
function isTogether(node: LogicalNode, ids: ReadonlySet<ColumnId>): boolean {
  const areAll = (exprs: readonly BoundExpr[]): boolean =>
    exprs.length === ids.size && exprs.every((expr) => expr.kind === 'column' && ids.has(expr.id));
  switch (node.kind) {
    case 'project': {
      const read = node.exprs.filter(({ id }) => ids.has(id)).map(({ expr }) => expr);
      const columns = read.filter((expr) => expr.kind === 'column');
      return columns.length === read.length && isTogether(node.input, idsOf(columns));
    }
    case 'filter':
    case 'invoke':
      return isTogether(node.input, ids);
    case 'over':
      return areAll(node.partitionBy) || (isKeyedBy(node.input, node.partitionBy) && isTogether(node.input, ids));
    default: {
      const keys = keysOf(node.columns).map(reference);
      return areAll(keys) && isKeyedBy(node, keys);
    }
  }
}

export const dropFeatureView: Handler<DropFeatureView> = async (statement, execution) => {
  const { engine, text } = execution;
  const { text: name, span } = statement.name;
  if (statement.ifExists && engine.catalog.sources.get(name)?.featureView === undefined)
    return warning(text, `Feature view ${name} does not exist.`);
  const view = requireView(engine.catalog, statement.name);
  const version = versionToDrop(statement, view, engine.catalog);
  const { number, others } =
    version === undefined
      ? await dropWithQueries(view, statement.cascade, span, execution)
      : await dropVersion(version, statement.cascade, span, execution);
  const also = others.length === 0 ? '' : ` With it: ${others.join(', ')}.`;
  const what =
    version === undefined
      ? `Feature view ${name}`
      : `Version ${versionOf(version.featureView!)} of feature view ${viewOfName(name)}`;
  return currentStatus(text, `feature_view/${name}/drop`, `${what} was dropped.${also}`, number);
};
