import type { Catalog } from '../catalog/catalog.ts';
import type { BoundQuery } from '../bound/query.ts';
import { keysOf, projected, reference, valuesOf, type Output, type Rows } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { ColumnId } from '../expressions/node.ts';
import type { QueryNode } from '../syntax/query.ts';
import { clauseChecks } from './checks/clauses.ts';
import { ColumnIds, type BindOptions, type QueryBinder } from './context.ts';
import { withWindowClause } from './dialect-windows.ts';
import { withIntervalJoins } from './interval-joins.ts';
import { withOneTimeJoins } from './one-time-joins.ts';
import { bindSelect, hasGroups } from './select.ts';
import { bindUnion } from './union.ts';

/** Resolves the names and types of a query and checks its shape. */
export function bindQuery(
  query: QueryNode,
  catalog: Catalog,
  options: BindOptions,
  ids: ColumnIds = new ColumnIds(),
): BoundQuery {
  return bindWith(query, binder(catalog, options, ids, new Map()));
}

function binder(catalog: Catalog, options: BindOptions, ids: ColumnIds, named: QueryBinder['named']): QueryBinder {
  const inPart = (query: QueryNode, visible: QueryBinder['named']): BoundQuery =>
    bindWith(query, binder(catalog, { ...options, purpose: 'part' }, ids, visible));
  return {
    catalog,
    options,
    ids,
    named,
    part: (query) => inPart(query, named),
    view: (query) => inPart(query, new Map()),
  };
}

function bindWith(written: QueryNode, outer: QueryBinder): BoundQuery {
  const { catalog, options, ids } = outer;
  const inOurs = (part: QueryNode): QueryNode => {
    const joined = options.ofOneTime === true ? withOneTimeJoins(part) : part;
    return withIntervalJoins(withWindowClause(joined, catalog, options.purpose), catalog);
  };
  const query = { ...inOurs(written), union: written.union.map(inOurs) };
  for (const part of [query, ...query.union]) for (const check of clauseChecks) check(part, options, hasGroups(part));
  const inner = binder(catalog, options, ids, namedQueries(query, outer));
  if (query.union.length === 0) return Object.freeze(bindSelect(query, inner));
  const within = binder(catalog, { ...options, purpose: 'part' }, ids, inner.named);
  const parts = [query, ...query.union].map((part) => bindSelect(part, within));
  const { rows, hidden, alike } = bindUnion(
    parts.map((part) => ({ ...part, span: part.selects[0]!.span })),
    ids,
  );
  const result = options.purpose === 'part' ? undefined : shown(rows, hidden, options, ids);
  return Object.freeze({
    ...parts[0]!,
    selects: parts.flatMap(({ selects }) => selects),
    alike,
    result,
    rows: result === undefined ? rows : projected(rows, result),
    hidden: result === undefined ? hidden : new Set<ColumnId>(),
    sources: [...new Set(parts.flatMap(({ sources }) => sources))],
  });
}

/** The columns of SELECT; key columns come first where the result is written to a topic. */
function shown(rows: Rows, hidden: ReadonlySet<ColumnId>, { purpose }: BindOptions, ids: ColumnIds): Output[] {
  const own = rows.columns.filter(({ id }) => !hidden.has(id));
  const columns = purpose === 'persistent' ? [...keysOf(own), ...valuesOf(own)] : own;
  return columns.map((column) => ({
    id: ids.next(),
    name: column.name,
    expr: reference(column),
    role: column.role,
  }));
}

/** The queries of WITH; each may use those before it. All are bound, even unused ones, to report their errors. */
function namedQueries(query: QueryNode, outer: QueryBinder): QueryBinder['named'] {
  if (query.with.length === 0) return outer.named;
  let { named } = outer;
  const own = new Set<string>();
  for (const { name, query: text } of query.with) {
    if (own.has(name.text)) throw new SqlError('CTE_TWICE', name.span, { name: name.text });
    own.add(name.text);
    const { part } = binder(outer.catalog, outer.options, outer.ids, named);
    let fresh: BoundQuery | undefined = part(text);
    const take = (): BoundQuery => {
      const bound = fresh ?? part(text);
      fresh = undefined;
      return bound;
    };
    named = new Map([...named, [name.text, take]]);
  }
  return named;
}
