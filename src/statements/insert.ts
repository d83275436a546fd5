import { Properties } from '../bind/properties.ts';
import { insertOptions } from '../analysis/source-options.ts';
import { requireSource } from '../bind/context.ts';
import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { insertedRecord, isWritable } from '../engine/insert-values.ts';
import { persistentOptions, planInsertSelect } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { Insert } from '../syntax/statements/insert.ts';
import type { Handler, HasRun } from './handler.ts';
import { createFiller, type PlannedQuery } from './persistent-query.ts';

export const insert: Handler<Insert> = async (statement, execution) => {
  const { engine, session } = execution;
  const { query } = statement;
  const target = writableTarget(statement, engine.catalog);
  if (query !== undefined) {
    const properties = new Properties(statement.properties, insertOptions, statement.span);
    const made = planInsert({ ...statement, query }, engine.catalog, session);
    const id = queryId(properties) ?? `INSERTQUERY_${engine.nextQueryNumber}`;
    if (engine.catalog.queries.has(id)) throw new SqlError('QUERY_EXISTS', statement.span, { id });
    return createFiller(made, id, target, execution);
  }
  const { spec } = target;
  if (!session.read('ksql.insert.into.values.enabled'))
    throw new SqlError('INSERT_VALUES', statement.span, { why: 'it is switched off' });
  if (spec.window !== undefined)
    throw new SqlError('INSERT_VALUES', statement.span, { why: 'rows of a windowed source cannot be inserted' });
  await engine.node.produce(spec.topic, [
    insertedRecord(spec, statement.columns, statement.values, engine.catalog.types, statement.span),
  ]);
  return undefined;
};

function writableTarget({ target }: Insert, catalog: Catalog): SourceObject {
  const found = requireSource(catalog, target);
  if (!isWritable(found)) throw new SqlError('SOURCE_READ_ONLY', target.span, { name: found.spec.name });
  return found;
}

/** INSERT INTO … SELECT. */
export function planInsert(
  statement: Insert & { readonly query: QueryNode },
  catalog: Catalog,
  session: Session,
): PlannedQuery {
  const { spec } = writableTarget(statement, catalog);
  const { query, target } = statement;
  return {
    kind: 'INSERT',
    sink: { ...target, text: spec.name },
    query,
    planned: planInsertSelect(spec, query, catalog, persistentOptions(session)),
    view: undefined,
  };
}

/** INSERT … SELECT has run when its query is there; INSERT … VALUES writes its row at each start. */
export const insertHasRun: HasRun<Insert> = (_insert, catalog, text) =>
  [...catalog.queries.values()].some(({ statement }) => statement === text);

function queryId(properties: Properties<(typeof insertOptions)['options'][number]>): string | undefined {
  const id = properties.read('QUERY_ID');
  if (id === undefined) return undefined;
  if (!/^[A-Z0-9_]+$/.test(id)) properties.refuse('QUERY_ID', 'it may hold letters, digits and _ only');
  if (/^(CSAS|CTAS|CST|INSERTQUERY)_/.test(id)) properties.refuse('QUERY_ID', 'the prefix is reserved');
  return id;
}
