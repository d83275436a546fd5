import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Expr } from '../expressions/node.ts';
import type { Name } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { closest } from '../util/closest.ts';
import type { NameGenerator } from './names.ts';
import type { Scope } from './scope.ts';

/** What a query is for: rules about keys and projections differ. */
export type QueryPurpose = 'persistent' | 'push' | 'pull';

export interface AnalysisOptions {
  readonly purpose: QueryPurpose;
  readonly suppressEnabled: boolean;
}

/** What the planning of one query's clauses shares. */
export interface SelectContext {
  readonly query: QueryNode;
  readonly scope: Scope;
  readonly names: NameGenerator;
  readonly catalog: Catalog;
  readonly options: AnalysisOptions;
  readonly joined: boolean;
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

/** The name of a key made from an expression: a column keeps its own, a field its field name, others get KSQL_COL_n. */
export function keyNameOf(expr: Expr, names: NameGenerator): string {
  if (expr.kind === 'column') return expr.name;
  if (expr.kind === 'field') return names.unique(expr.field);
  return names.column();
}
