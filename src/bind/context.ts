import type { BoundQuery, BoundRelation } from '../bound/query.ts';
import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { ExpressionNode, Name } from '../syntax/expressions.ts';
import { printExpression } from '../syntax/print.ts';
import type { QueryNode, SelectItem } from '../syntax/query.ts';
import { closest } from '../util/closest.ts';
import type { NameGenerator } from './names.ts';
import type { Scope, ScopeSource } from './scope.ts';

/** What a query is for: rules about keys and projections differ. `part`: what another query reads, as a subquery or in UNION ALL. */
export type QueryPurpose = 'persistent' | 'push' | 'pull' | 'part';

export interface BindOptions {
  readonly purpose: QueryPurpose;
  readonly suppressEnabled: boolean;
}

/** Gives the columns of one statement their ids. */
export class ColumnIds {
  #next = 0;

  next(): ColumnId {
    return this.#next++;
  }
}

/** Binds the queries of one statement: what they share. */
export interface QueryBinder {
  readonly catalog: Catalog;
  readonly options: BindOptions;
  readonly ids: ColumnIds;
  /** The queries that WITH names, by name; those of outer queries too. Each use has columns of its own. */
  readonly named: ReadonlyMap<string, () => BoundQuery>;
  /** A query that another one reads. */
  readonly part: (query: QueryNode) => BoundQuery;
}

/** What FROM or JOIN names, with the names that it brings: a source of the catalogue, a query that WITH names, or a subquery. */
export interface Relation {
  readonly bound: BoundRelation;
  readonly scope: ScopeSource;
  /** The sources of the catalogue that it reads. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceSpec;
}

/** What the clauses of one SELECT share. */
export interface SelectContext {
  readonly query: QueryNode;
  readonly scope: Scope;
  readonly names: NameGenerator;
  readonly catalog: Catalog;
  readonly options: BindOptions;
  readonly ids: ColumnIds;
  readonly joined: boolean;
  /** The names of SELECT expressions that have neither an alias nor a column's name: taken in their order, before those of keys. */
  readonly itemNames: ReadonlyMap<SelectItem, string>;
}

/** Finds a source of the catalogue, or says which name was meant. */
export function requireSource(catalog: Catalog, name: Name): SourceObject {
  const source = catalog.sources.get(name.text);
  if (source === undefined) {
    throw new SqlError('SOURCE_NOT_FOUND', name.span, {
      name: name.text,
      suggestion: closest(name.text, catalog.sources.keys()),
    });
  }
  return source;
}

/** Names the SELECT expressions that need it: a field keeps its own name while that is free, others get KSQL_COL_n. */
export function nameItems(query: QueryNode, names: NameGenerator): Map<SelectItem, string> {
  const result = new Map<SelectItem, string>();
  for (const item of query.select) {
    if (item.kind !== 'expression' || item.alias !== undefined || item.expression.kind === 'column') continue;
    const { expression } = item;
    result.set(item, expression.kind === 'field' ? names.unique(expression.field.text) : names.column());
  }
  return result;
}

/** The name of a key made from an expression: that of the column, or of the same expression in SELECT, or a new one. */
export function keyNameOf(
  expr: BoundExpr,
  node: ExpressionNode,
  { names, query, itemNames }: Pick<SelectContext, 'names' | 'query' | 'itemNames'>,
): string {
  if (expr.kind === 'column') return expr.name;
  const text = printExpression(node);
  for (const item of query.select) {
    const name = itemNames.get(item);
    if (name !== undefined && item.kind === 'expression' && printExpression(item.expression) === text) return name;
  }
  return expr.kind === 'field' ? names.unique(expr.field) : names.column();
}
