import { sinkOptions } from '../analysis/source-options.ts';
import { Properties } from '../bind/properties.ts';
import { bindQuery } from '../bind/query.ts';
import { idsOf, keysOf, reference } from '../bound/rows.ts';
import type { Catalog, FeatureView, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { persistentOptions, planCreateAs, type LogicalQuery } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import { isKeyedBy, type LogicalNode } from '../plan/logical/node.ts';
import type { Name } from '../syntax/expressions.ts';
import type { CreateFeatureView, DropFeatureView } from '../syntax/statements/feature-views.ts';
import { keyColumns } from '../types/schema.ts';
import { typeText } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { optionTable } from '../config/option.ts';
import { laterViewOptions, servedValues, viewOptions } from './view-options.ts';
import { dropWithQueries } from './drop-source.ts';
import { currentStatus, warning, type Handler } from './handler.ts';
import { answerIfExists, createFilled, hasPartitions, type PlannedQuery } from './persistent-query.ts';

/** CREATE FEATURE VIEW: a persistent query whose newest row of each entity is served from its state. */
export const createFeatureView: Handler<CreateFeatureView> = async (statement, execution) => {
  const answer = answerIfExists(statement, 'feature view', execution);
  if (answer !== undefined) return answer;
  const made = planFeatureView(statement, execution.engine.catalog, execution.session);
  return createFilled(made, hasPartitions(statement.properties), execution);
};

/** The query of CREATE FEATURE VIEW, which fills a stream or a table, as it groups or not. */
export function planFeatureView(statement: CreateFeatureView, catalog: Catalog, session: Session): PlannedQuery {
  const { name, query, span } = statement;
  const view = viewOf(statement);
  const options = persistentOptions(session);
  const { suppressEnabled } = options;
  const { shape } = bindQuery(query, catalog, { purpose: 'persistent', suppressEnabled }).rows;
  const properties = statement.properties.filter((property) => viewOptions.find(property.name) === undefined);
  const planned = planCreateAs({ kind: shape, name: name.text, properties, span }, query, catalog, options);
  checkColumns(statement, planned);
  return { kind: 'FEATURE_VIEW', sink: name, query, planned, view };
}

const allOptions = optionTable(...viewOptions.options, ...sinkOptions.options);

function viewOf(statement: CreateFeatureView): FeatureView {
  const later = (what: string, span: Span): never => {
    throw new SqlError('NOT_SUPPORTED_YET', span, { what });
  };
  for (const { name, span } of statement.properties) if (laterViewOptions.has(name)) later(name, span);
  const properties = new Properties(statement.properties, allOptions, statement.span);
  for (const [name, served] of Object.entries(servedValues) as [keyof typeof servedValues, string][]) {
    const value = properties.read(name);
    if (value !== served) later(`${name}='${value}'`, properties.span(name));
  }
  const owner = properties.read('OWNER');
  const tags = properties.read('TAGS');
  const options = {
    ONLINE_STORE: properties.read('ONLINE_STORE'),
    ...(owner === undefined ? {} : { OWNER: owner }),
    ...(tags === undefined ? {} : { TAGS: tags.join(', ') }),
  };
  return {
    entityKey: statement.entityKey.map(({ text }) => text),
    timestamp: statement.timestamp?.text,
    ttlMs: statement.ttl?.ms,
    comment: statement.comment,
    options,
  };
}

/** The rows of an entity must come to one task, where the newest is kept, and must say when they are of. */
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

/** Whether rows that are equal in these columns are in one task: as those of a key are, or where OVER has brought them together. */
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

/** A feature view by its name. */
export function requireView({ sources }: Catalog, { text: name, span }: Name): SourceObject {
  const found = sources.get(name);
  if (found?.featureView !== undefined) return found;
  const views = [...sources.values()].filter(({ featureView }) => featureView !== undefined);
  const suggestion = closest(
    name,
    views.map(({ spec }) => spec.name),
  );
  throw new SqlError('FEATURE_VIEW_NOT_FOUND', span, { name, suggestion });
}

export const dropFeatureView: Handler<DropFeatureView> = async (statement, execution) => {
  const { engine, text } = execution;
  const { text: name, span } = statement.name;
  if (statement.ifExists && engine.catalog.sources.get(name)?.featureView === undefined)
    return warning(text, `Feature view ${name} does not exist.`);
  const view = requireView(engine.catalog, statement.name);
  const { number } = await dropWithQueries(view, false, span, execution);
  return currentStatus(text, `feature_view/${name}/drop`, `Feature view ${name} was dropped.`, number);
};
