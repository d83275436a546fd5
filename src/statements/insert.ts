import { Properties } from '../bind/properties.ts';
import { waitOf } from '../analysis/persistent.ts';
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
    const definition = planInsert({ ...statement, query }, engine.catalog, session);
    const id = queryId(properties) ?? `INSERTQUERY_${engine.nextQueryNumber}`;
    if (engine.catalog.queries.has(id)) throw new SqlError('QUERY_EXISTS', statement.span, { id });
    return createFiller(definition, id, target, execution);
  }
  const { spec } = target;
  if (!session.read('ksql.insert.into.values.enabled'))
    throw new SqlError('INSERT_VALUES', statement.span, {
      why: 'it is switched off',
    });
  if (spec.window !== undefined)
    throw new SqlError('INSERT_VALUES', statement.span, {
      why: 'rows of a windowed source cannot be inserted',
    });
  // All are made before the first is written, so that a wrong one leaves none of them behind.
  const records = statement.rows.map((row) =>
    insertedRecord(spec, statement.columns, row, engine.catalog.types, statement.span),
  );
  await engine.node.produce(spec.topic, records);
  return undefined;
};

function writableTarget({ target }: Insert, catalog: Catalog): SourceObject {
  const source = requireSource(catalog, target);
  if (!isWritable(source))
    throw new SqlError('SOURCE_READ_ONLY', target.span, {
      name: source.spec.name,
    });
  return source;
}

/** INSERT INTO … SELECT. */
export function planInsert(
  statement: Insert & { readonly query: QueryNode },
  catalog: Catalog,
  session: Session,
): PlannedQuery {
  const { spec } = writableTarget(statement, catalog);
  const { query, target } = statement;
  const properties = new Properties(statement.properties, insertOptions, statement.span);
  const options = persistentOptions(session, 'ksqldb');
  const joinWaitMs = waitOf(properties, query) ?? options.joinWaitMs;
  return {
    kind: 'INSERT',
    sink: { ...target, text: spec.name },
    query,
    planned: planInsertSelect(spec, query, catalog, { ...options, joinWaitMs }),
    view: undefined,
  };
}

/** INSERT … SELECT was executed if its query exists; INSERT … VALUES writes its row at each start. */
export const insertHasRun: HasRun<Insert> = ({ query }, { queries }, isSame) =>
  query !== undefined && [...queries.values()].some(({ kind, statement }) => kind === 'INSERT' && isSame(statement));

function queryId(properties: Properties<(typeof insertOptions)['options'][number]>): string | undefined {
  const id = properties.read('QUERY_ID');
  if (id === undefined) return undefined;
  if (!/^[A-Z0-9_]+$/.test(id)) properties.refuse('QUERY_ID', 'it may hold letters, digits and _ only');
  if (/^(CSAS|CTAS|CST|INSERTQUERY)_/.test(id)) properties.refuse('QUERY_ID', 'the prefix is reserved');
  return id;
}
