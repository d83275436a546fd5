import { bindQuery } from '../bind/query.ts';
import { viewQuery, viewsOver } from '../bind/views.ts';
import type { BoundQuery } from '../bound/query.ts';
import type { Catalog, ViewObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { persistentOptions } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import type { Name } from '../syntax/expressions.ts';
import { sourcesIn } from '../syntax/sources-in.ts';
import type { CreateView, DropView } from '../syntax/statements/views.ts';
import { pseudoColumns } from '../types/schema.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, entity, warning, type Entity, type Execution, type Handler } from './handler.ts';
import { schemaInfo } from './schema-info.ts';
import { answerIfExists } from './persistent-query.ts';

/** CREATE VIEW: a name for a query. It is bound here to report its mistakes, and again wherever it is read. */
export const createView: Handler<CreateView> = async (statement, execution) => {
  const { engine, session, text, distribute } = execution;
  const { catalog } = engine;
  const { text: name, span } = statement.name;
  const source = catalog.sources.get(name);
  if (source !== undefined && statement.orReplace)
    throw new SqlError('WRONG_SOURCE_KIND', span, { name, expected: 'view', actual: source.spec.kind.toLowerCase() });
  const answer = answerIfExists(statement, 'view', execution);
  if (answer !== undefined) return answer;
  const { source: written, start, end } = statement.query.span;
  const view: ViewObject = { name, statement: text, query: written.text.slice(start, end) };
  // Without the view that it replaces, which it must not read.
  bindView(statement.query, catalog.withoutView(name), session);
  const changed = catalog.withView(view);
  for (const reader of viewsOver(changed, name)) bindView(viewQuery(changed.views.get(reader)!), changed, session);
  const number = await distribute({ v: 1, kind: 'createView', view });
  return currentStatus(text, `view/${name}/create`, `View ${name} was created.`, number);
};

const bindView = (query: CreateView['query'], catalog: Catalog, session: Session): BoundQuery =>
  bindQuery(query, catalog, { ...persistentOptions(session, 'ksqldb'), purpose: 'part' });

export const dropView: Handler<DropView> = async (statement, { engine, text, distribute }) => {
  const { catalog } = engine;
  const { text: name, span } = statement.name;
  if (statement.ifExists && !catalog.views.has(name)) return warning(text, `View ${name} does not exist.`);
  requireQueryView(catalog, statement.name);
  const over = viewsOver(catalog, name);
  if (over.length > 0 && !statement.cascade)
    throw new SqlError('SOURCE_IN_USE', span, { name, by: over.join(', '), cascades: true });
  for (const reader of over) await distribute({ v: 1, kind: 'dropView', name: reader });
  const number = await distribute({ v: 1, kind: 'dropView', name });
  const others = over.length === 0 ? '' : ` With it: ${over.join(', ')}.`;
  return currentStatus(text, `view/${name}/drop`, `View ${name} was dropped.${others}`, number);
};

function requireQueryView(catalog: Catalog, { text: name, span }: Name): ViewObject {
  const view = catalog.views.get(name);
  if (view !== undefined) return view;
  const source = catalog.sources.get(name)?.spec;
  if (source !== undefined)
    throw new SqlError('WRONG_SOURCE_KIND', span, { name, expected: 'view', actual: source.kind.toLowerCase() });
  throw new SqlError('SOURCE_NOT_FOUND', span, { name, suggestion: closest(name, catalog.views.keys()) });
}

/** What a view's query gives today: rows of a stream or table, and their columns. Throws where a source has changed under it. */
export function rowsOfView(
  view: ViewObject,
  catalog: Catalog,
  session: Session,
): { readonly shape: BoundQuery['rows']['shape']; readonly columns: BoundQuery['rows']['columns'] } {
  const { rows, hidden } = bindView(viewQuery(view), catalog, session);
  const pseudo = new Set(pseudoColumns.map(({ name }) => name));
  return {
    shape: rows.shape,
    columns: rows.columns.filter(({ id, name }) => !hidden.has(id) && !pseudo.has(name)),
  };
}

/** DESCRIBE of a view. */
export function describeView(view: ViewObject, { engine, session, text }: Execution): Entity {
  const { shape, columns } = rowsOfView(view, engine.catalog, session);
  return entity('view_description', text, {
    name: view.name,
    type: shape,
    fields: columns.map(({ name, type, role }) => ({
      name,
      schema: schemaInfo(type),
      ...(role === 'key' ? { type: 'KEY' } : {}),
    })),
    reads: sourcesIn(viewQuery(view)).sources,
    readBy: viewsOver(engine.catalog, view.name),
    statement: view.statement,
  });
}
