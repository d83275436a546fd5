import type { BoundQuery, BoundRelation } from '../bound/query.ts';
import type { Catalog, FeatureService, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundExpr, ColumnId } from '../expressions/node.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { AggregateSetName } from '../specs/window.ts';
import type { ExpressionNode, Name } from '../syntax/expressions.ts';
import { printExpression } from '../syntax/print.ts';
import type { QueryNode, SelectItem } from '../syntax/query.ts';
import type { ModelObject } from '../types/model.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { closest } from '../util/closest.ts';
import { NameGenerator } from './names.ts';
import type { Scope, ScopeSource } from './scope.ts';

/**
 * The purpose of a query, which decides the rules for keys and projections. `part`: a subquery, WITH query or branch of UNION
 * ALL.
 */
export type QueryPurpose = 'persistent' | 'push' | 'pull' | 'part';

export interface BindOptions {
  readonly purpose: QueryPurpose;
  readonly suppressEnabled: boolean;
  /** What GROUP BY's functions are. */
  readonly aggregates: AggregateSetName;
  /** Set where all that is read is of one time: tables that a pull query joins, in views too. */
  readonly ofOneTime?: boolean;
  /** How long a row waits for the versions that it is joined with; 0 if this is absent. */
  readonly joinWaitMs?: number | undefined;
}

/** Assigns ids to the columns of one statement. */
export class ColumnIds {
  #next = 0;

  next(): ColumnId {
    return this.#next++;
  }
}

/** What the queries of one statement share. */
export interface QueryBinder {
  readonly catalog: Catalog;
  readonly options: BindOptions;
  readonly ids: ColumnIds;
  /** The WITH queries in scope, by name, those of outer queries included. Each call binds one again, with new column ids. */
  readonly named: ReadonlyMap<string, () => BoundQuery>;
  /** Binds a query that another query reads. */
  readonly part: (query: QueryNode) => BoundQuery;
  /** Binds the query of a view, which sees no WITH query of the statement. */
  readonly view: (query: QueryNode) => BoundQuery;
}

/** An item of FROM or JOIN (a source of the catalogue, a WITH query or a subquery) with the names that it brings into scope. */
export interface Relation {
  readonly bound: BoundRelation;
  readonly scope: ScopeSource;
  /** The source of the catalogue that it is. */
  readonly object?: SourceObject;
  /** The sources of the catalogue that it reads. */
  readonly sources: readonly string[];
  /** The first source, whose formats and partitions a result inherits. */
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
  /**
   * Generated names of SELECT expressions without an alias that are no columns. Assigned before the names of keys, as in
   * ksqlDB.
   */
  readonly itemNames: ReadonlyMap<SelectItem, string>;
}

/** What the clauses of a SELECT over these sources share. */
export function selectContext(
  query: QueryNode,
  scope: Scope,
  { catalog, options, ids }: Pick<SelectContext, 'catalog' | 'options' | 'ids'>,
): SelectContext {
  const names = new NameGenerator(
    scope.sources.flatMap(({ columns }) =>
      columns.map(({ column }) => column.name).filter((name) => !isPseudoColumn(name)),
    ),
  );
  const itemNames = nameItems(query, names);
  return { query, scope, names, catalog, options, ids, joined: scope.sources.length > 1, itemNames };
}

/** Finds a source of the catalogue; if it does not exist, the error suggests the nearest name. */
export function requireSource(catalog: Catalog, name: Name): SourceObject {
  const source = catalog.sources.get(name.text);
  if (source === undefined) {
    if (catalog.views.has(name.text))
      throw new SqlError('WRONG_SOURCE_KIND', name.span, {
        name: name.text,
        expected: 'stream or table',
        actual: 'view',
      });
    throw new SqlError('SOURCE_NOT_FOUND', name.span, {
      name: name.text,
      suggestion: closest(name.text, [...catalog.sources.keys(), ...catalog.views.keys()]),
    });
  }
  return source;
}

/** Finds a feature view, or throws; `stored`: the name that it is looked for by, where that is not as written. */
export function requireView({ sources }: Catalog, { text: name, span }: Name, stored = name): SourceObject {
  const source = sources.get(stored);
  if (source?.featureView !== undefined) return source;
  const views = [...sources.values()].filter(({ featureView }) => featureView !== undefined);
  const suggestion = closest(
    name,
    views.map(({ spec }) => spec.name),
  );
  throw new SqlError('FEATURE_VIEW_NOT_FOUND', span, { name, suggestion });
}

/** Finds a feature service, or throws; `stored` as of requireView. */
export function requireFeatureService(
  { featureServices }: Catalog,
  { text: name, span }: Name,
  stored = name,
): FeatureService {
  const service = featureServices.get(stored);
  if (service !== undefined) return service;
  throw new SqlError('FEATURE_SERVICE_NOT_FOUND', span, { name, suggestion: closest(name, featureServices.keys()) });
}

/** Finds a model, or throws. */
export function requireModel({ models }: Catalog, { text: name, span }: Name): ModelObject {
  const model = models.get(name);
  if (model !== undefined) return model;
  throw new SqlError('MODEL_NOT_FOUND', span, { name, suggestion: closest(name, models.keys()) });
}

/** Generates names for SELECT expressions: a struct field keeps its name while that is free, others get KSQL_COL_n. */
function nameItems(query: QueryNode, names: NameGenerator): Map<SelectItem, string> {
  const result = new Map<SelectItem, string>();
  for (const item of query.select) {
    if (item.kind !== 'expression' || item.alias !== undefined || item.expression.kind === 'column') continue;
    const { expression } = item;
    result.set(item, expression.kind === 'field' ? names.unique(expression.field.text) : names.column());
  }
  return result;
}

/** The name of a key expression: that of its column or of the same expression in SELECT, otherwise a generated one. */
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
