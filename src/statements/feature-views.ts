import { checkName } from '../analysis/create-source.ts';
import { planCreateAs } from '../analysis/persistent.ts';
import { Properties } from '../analysis/properties.ts';
import { analyzeQuery } from '../analysis/query.ts';
import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { persistentOptions, physicalPlan, sinkOf } from '../engine/plan-query.ts';
import type { CreateFeatureView, DropFeatureView } from '../syntax/statements/feature-views.ts';
import { keyColumns } from '../types/schema.ts';
import { closest } from '../util/closest.ts';
import { checkCoPartitioning } from './check-co-partitioning.ts';
import { currentStatus, warning, type Execution, type Handler } from './handler.ts';
import { ensureTopic } from './topics.ts';

const viewOptions = [
  'ONLINE_STORE',
  'ONLINE_URL',
  'KEY_PREFIX',
  'ONLINE_LAYOUT',
  'OFFLINE_STORE',
  'OFFLINE_PATH',
  'ROWS_PER_FILE',
  'ROLL_INTERVAL',
  'OWNER',
  'TAGS',
  'FRESHNESS',
  'START_TIME',
  'EVAL',
];
const sinkOptions = ['KAFKA_TOPIC', 'PARTITIONS', 'REPLICAS', 'VALUE_FORMAT', 'KEY_FORMAT', 'RETENTION_MS'];

/** CREATE FEATURE VIEW: a persistent query whose newest row of each entity is served from its state. */
export const createFeatureView: Handler<CreateFeatureView> = async (statement, execution) => {
  const { engine, session, text, distribute } = execution;
  const name = statement.name.text;
  checkName(statement.name);
  const existing = engine.catalog.sources.get(name);
  if (existing !== undefined) {
    if (statement.ifNotExists) return warning(text, `Feature view ${name} already exists.`);
    if (!statement.orReplace)
      throw new SqlError('SOURCE_EXISTS', statement.name.span, {
        kind: existing.featureView === undefined ? existing.spec.kind.toLowerCase() : 'feature view',
        name,
      });
    if (existing.featureView === undefined)
      throw new SqlError('REPLACE_REFUSED', statement.name.span, {
        name,
        why: `it is a ${existing.spec.kind.toLowerCase()}`,
      });
  }
  const view = viewOf(statement);
  const shape = analyzeQuery(statement.query, engine.catalog, { purpose: 'persistent', suppressEnabled: true }).plan
    .shape;
  const target = {
    kind: shape,
    name,
    properties: statement.properties.filter((property) => sinkOptions.includes(property.name)),
    span: statement.span,
  };
  const planned = planCreateAs(target, statement.query, engine.catalog, persistentOptions(session));
  checkCoPartitioning(statement.query, planned.plan);
  checkColumns(
    statement,
    planned.sink.schema.map((column) => column.name),
  );
  if (
    shape === 'TABLE' &&
    keyColumns(planned.sink.schema)
      .map((column) => column.name)
      .join() !== view.entityKey.join()
  ) {
    throw new SqlError('FEATURE_VIEW_INVALID', statement.span, {
      view: name,
      why: `its ENTITY KEY must be what it groups by: ${keyColumns(planned.sink.schema)
        .map((column) => column.name)
        .join(', ')}`,
    });
  }
  if (existing !== undefined) await drop(existing, execution);
  const config: Record<string, string> =
    shape === 'STREAM' ? {} : { 'cleanup.policy': planned.sink.window === undefined ? 'compact' : 'compact,delete' };
  const partitions = await ensureTopic(
    engine,
    { name: planned.sink.topic, partitions: undefined, replicas: planned.replicas, config },
    planned.sink.partitions,
    statement.name.span,
  );
  const spec = { ...planned.sink, partitions };
  const id = `FEATURE_VIEW_${name}_${engine.nextQueryNumber}`;
  const plan = physicalPlan(planned.plan, sinkOf({ ...planned, sink: spec }));
  const query: QueryObject = {
    id,
    kind: 'FEATURE_VIEW',
    statement: text,
    sources: planned.analyzed.sources,
    sink: name,
    plan: { ...plan, entityKey: view.entityKey, entityTime: view.timestamp },
    paused: false,
    properties: session.overrides(),
  };
  const source: SourceObject = { spec, statement: text, readOnly: false, createdBy: id, featureView: view };
  const number = await distribute({ v: 1, kind: 'createSource', source, query });
  return currentStatus(text, `feature_view/\`${name}\`/create`, `Feature view created with query ${id}`, number, id);
};

function viewOf(statement: CreateFeatureView): FeatureView {
  const properties = new Properties(statement.properties, [...viewOptions, ...sinkOptions], statement.span);
  const store = properties.text('ONLINE_STORE')?.toLowerCase();
  if (store !== undefined && store !== 'state')
    throw new SqlError('NOT_SUPPORTED_YET', properties.span('ONLINE_STORE'), { what: `ONLINE_STORE='${store}'` });
  const offline = properties.text('OFFLINE_STORE')?.toLowerCase();
  if (offline !== undefined && offline !== 'none')
    throw new SqlError('NOT_SUPPORTED_YET', properties.span('OFFLINE_STORE'), { what: `OFFLINE_STORE='${offline}'` });
  if (properties.text('EVAL')?.toUpperCase() === 'AT_READ')
    throw new SqlError('NOT_SUPPORTED_YET', properties.span('EVAL'), { what: "EVAL='AT_READ'" });
  const options = Object.fromEntries(statement.properties.map(({ name, value }) => [name, String(value)]));
  return {
    entityKey: statement.entityKey.map(({ text }) => text),
    timestamp: statement.timestamp?.text,
    ttlMs: statement.ttl?.ms,
    comment: statement.comment,
    options,
  };
}

function checkColumns(statement: CreateFeatureView, columns: readonly string[]): void {
  for (const wanted of [...statement.entityKey, ...(statement.timestamp === undefined ? [] : [statement.timestamp])]) {
    if (!columns.includes(wanted.text))
      throw new SqlError('COLUMN_NOT_FOUND', wanted.span, {
        column: wanted.text,
        candidates: columns,
        suggestion: closest(wanted.text, columns),
      });
  }
}

async function drop(source: SourceObject, { engine, distribute }: Execution): Promise<number> {
  const { name } = source.spec;
  const users = [...engine.catalog.queriesReading(name), ...engine.catalog.queriesWriting(name)]
    .map(({ id }) => id)
    .filter((id) => id !== source.createdBy);
  if (users.length > 0)
    throw new SqlError(
      'SOURCE_IN_USE',
      { source: { name: '', text: '' }, start: 0, end: 0 },
      { name, by: users.join(', ') },
    );
  return distribute({
    v: 1,
    kind: 'dropSource',
    name,
    queries: source.createdBy === undefined ? [] : [source.createdBy],
  });
}

export const dropFeatureView: Handler<DropFeatureView> = async (statement, execution) => {
  const { engine, text } = execution;
  const name = statement.name.text;
  const found = engine.catalog.sources.get(name);
  if (found?.featureView === undefined) {
    if (statement.ifExists) return warning(text, `Feature view ${name} does not exist.`);
    const views = [...engine.catalog.sources.values()]
      .filter(({ featureView }) => featureView !== undefined)
      .map(({ spec }) => spec.name);
    throw new SqlError('FEATURE_VIEW_NOT_FOUND', statement.name.span, { name, suggestion: closest(name, views) });
  }
  const number = await drop(found, execution);
  return currentStatus(text, `feature_view/${name}/drop`, `Feature view ${name} was dropped.`, number);
};
