import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Expr } from '../expressions/node.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
import type { ExpressionNode, Name } from '../syntax/expressions.ts';
import { printExpression } from '../syntax/print.ts';
import type { QueryNode, SelectItem } from '../syntax/query.ts';
import { closest } from '../util/closest.ts';
import type { NameGenerator } from './names.ts';
import type { Scope } from './scope.ts';

/** What a query is for: rules about keys and projections differ. `part`: what another query reads, as a subquery or in UNION ALL. */
export type QueryPurpose = 'persistent' | 'push' | 'pull' | 'part';

export interface AnalysisOptions {
  readonly purpose: QueryPurpose;
  readonly suppressEnabled: boolean;
}

/** What a query is and gives. */
export interface AnalyzedQuery {
  readonly plan: LogicalNode;
  /** The sources that it reads, by name. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceObject;
  readonly limit: number | undefined;
  readonly final: boolean;
  /** Of a query that is part of another: columns that it gives though SELECT does not name them. */
  readonly hidden: readonly string[];
}

/** What the planning of one query's clauses shares. */
export interface SelectContext {
  readonly query: QueryNode;
  readonly scope: Scope;
  readonly names: NameGenerator;
  readonly catalog: Catalog;
  readonly options: AnalysisOptions;
  readonly joined: boolean;
  /** The names of SELECT expressions that have neither an alias nor a column's name: taken in their order, before those of keys. */
  readonly itemNames: ReadonlyMap<SelectItem, string>;
  /** What must hold of a SELECT expression, and of all, before the result's keys are looked at. */
  readonly checkSelected?: (expr: Expr, span: Span) => void;
  readonly checkProjection?: () => void;
  /** Expressions that stand for a key column once rows are keyed by them. */
  readonly replacements?: readonly { readonly expr: Expr; readonly by: Expr }[];
}

/** Finds a source of the catalogue, or says which name was meant. */
export function requireSource(catalog: Catalog, name: Name): SourceObject {
  const found = catalog.sources.get(name.text);
  if (found === undefined) {
    throw new SqlError('SOURCE_NOT_FOUND', name.span, {
      name: name.text,
      suggestion: closest(name.text, catalog.sources.keys()),
    });
  }
  return found;
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
  expr: Expr,
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
