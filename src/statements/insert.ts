import { planInsertSelect } from '../analysis/persistent.ts';
import { Properties } from '../analysis/properties.ts';
import { requireSource } from '../analysis/context.ts';
import type { QueryObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { insertedRecord } from '../engine/insert-values.ts';
import { persistentOptions, physicalPlan, sinkOf } from '../engine/plan-query.ts';
import type { Insert } from '../syntax/statements/insert.ts';
import { checkCoPartitioning } from './check-co-partitioning.ts';
import { currentStatus, type Handler, type HasRun } from './handler.ts';

export const insert: Handler<Insert> = async (statement, { engine, session, text, distribute }) => {
  const { spec, readOnly } = requireSource(engine.catalog, statement.target);
  if (readOnly) throw new SqlError('SOURCE_READ_ONLY', statement.target.span, { name: spec.name });
  if (statement.query === undefined) {
    if (!session.read('ksql.insert.into.values.enabled'))
      throw new SqlError('INSERT_VALUES', statement.span, { why: 'it is switched off' });
    if (spec.window !== undefined)
      throw new SqlError('INSERT_VALUES', statement.span, { why: 'rows of a windowed source cannot be inserted' });
    await engine.node.produce(spec.topic, [
      insertedRecord(spec, statement.columns, statement.values, engine.catalog.types, statement.span),
    ]);
    return undefined;
  }
  const properties = new Properties(statement.properties, ['QUERY_ID'], statement.span);
  const planned = planInsertSelect(spec, statement.query, engine.catalog, persistentOptions(session));
  checkCoPartitioning(statement.query, planned.plan);
  const id = queryId(properties) ?? `INSERTQUERY_${engine.nextQueryNumber}`;
  if (engine.catalog.queries.has(id)) throw new SqlError('QUERY_EXISTS', statement.span, { id });
  const plan = physicalPlan(planned.plan, sinkOf(planned));
  const query: QueryObject = {
    id,
    kind: 'INSERT',
    statement: text,
    sources: planned.analyzed.sources,
    sink: spec.name,
    plan,
    paused: false,
    properties: session.overrides(),
  };
  const number = await distribute({ v: 1, kind: 'createQuery', query });
  return currentStatus(
    text,
    `${spec.kind.toLowerCase()}/\`${spec.name}\`/create`,
    `Created query with ID ${id}`,
    number,
    id,
  );
};

/** INSERT … SELECT has run when its query is there; INSERT … VALUES writes its row at each start. */
export const insertHasRun: HasRun<Insert> = (_insert, catalog, text) =>
  [...catalog.queries.values()].some(({ statement }) => statement === text);

function queryId(properties: Properties): string | undefined {
  const id = properties.text('QUERY_ID')?.toUpperCase();
  if (id === undefined) return undefined;
  if (!/^[A-Z0-9_]+$/.test(id)) properties.refuse('QUERY_ID', 'it may hold letters, digits and _ only');
  if (/^(CSAS|CTAS|CST|INSERTQUERY)_/.test(id)) properties.refuse('QUERY_ID', 'the prefix is reserved');
  return id;
}
