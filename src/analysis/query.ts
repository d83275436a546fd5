import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Expr } from '../expressions/node.ts';
import { column, columnsOf } from '../expressions/node.ts';
import { filter, flatMap, project, rekey } from '../plan/logical/build.ts';
import { keysOf, valuesOf, type LogicalNode, type NamedExpr } from '../plan/logical/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { contains, typeText } from '../types/sql-type.ts';
import { planAggregation } from './aggregation.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import { planInvokes } from './invokes.ts';
import { planJoins } from './joins.ts';
import { NameGenerator } from './names.ts';
import { OverPlanner } from './over.ts';
import { keyNameOf, nameItems, type AnalysisOptions, type AnalyzedQuery, type SelectContext } from './context.ts';
import { planProjection } from './projection.ts';
import { namedQueries, relationsOf, type NamedQueries } from './relations.ts';
import { Scope } from './scope.ts';
import { Typer } from './typer.ts';
import type { TyperHooks } from './typing.ts';
import { planUnion } from './union.ts';
import { findAggregate, findTableFunction } from '../functions/registry.ts';
import { argumentType } from '../expressions/compile.ts';

/** Resolves and types a query, checks its shape, and plans it; `outer` are the queries that WITH has named around it. */
export function analyzeQuery(
  query: QueryNode,
  catalog: Catalog,
  options: AnalysisOptions,
  outer: NamedQueries = new Map(),
): AnalyzedQuery {
  checkClauses(query, options);
  const named = namedQueries(query, catalog, options, outer, analyzeQuery);
  const [first, ...more] = [query, ...query.union].map((each) => {
    const part = query.union.length > 0 ? ({ ...options, purpose: 'part' } as const) : options;
    return { ...analyzeSelect(each, catalog, part, named), span: each.span };
  });
  if (more.length === 0) return first!;
  const parts = [first!, ...more];
  const union = planUnion(parts);
  const isPart = options.purpose === 'part';
  return {
    ...first!,
    plan: isPart ? union.plan : resultOf(union.plan, union.hidden, options),
    sources: [...new Set(parts.flatMap(({ sources }) => sources))],
    hidden: isPart ? union.hidden : [],
  };
}

/** What SELECT names, keys first where it is written to a topic. */
function resultOf(plan: LogicalNode, hidden: readonly string[], { purpose }: AnalysisOptions): LogicalNode {
  const shown = plan.columns.filter(({ name }) => !hidden.includes(name));
  const columns = purpose === 'persistent' ? [...keysOf(shown), ...valuesOf(shown)] : shown;
  return project(
    plan,
    columns.map(({ name, type, role }) => ({
      name,
      expr: column(name, type),
      role,
    })),
  );
}

/** One SELECT. */
function analyzeSelect(
  query: QueryNode,
  catalog: Catalog,
  options: AnalysisOptions,
  named: NamedQueries,
): AnalyzedQuery {
  const relations = relationsOf(query, catalog, options, named, analyzeQuery);
  const joined = relations.length > 1;
  const given = {
    sources: [...new Set(relations.flatMap(({ sources }) => sources))],
    leftmost: relations[0]!.leftmost,
    limit: query.limit,
  };
  const scope = new Scope(relations.map((relation) => relation.scope));
  const names = new NameGenerator(
    scope.sources.flatMap(({ columns }) => columns.filter(({ name }) => !isPseudoColumn(name)).map(({ name }) => name)),
  );
  const itemNames = nameItems(query, names);
  const declared: SelectContext = { query, scope, names, catalog, options, joined, itemNames };
  const joins = joined ? planJoins(declared, relations) : undefined;
  const context = joins === undefined ? declared : { ...declared, scope: scope.withSynthetic(joins.rowKeys) };
  let plan: LogicalNode = joins?.plan ?? relations[0]!.node;
  const invokes = planInvokes(context, plan);
  plan = invokes.plan;
  const typer = new Typer(invokes.scope, catalog.types, 'SELECT');

  if (query.where !== undefined) {
    const where = typer.with('WHERE', { invoke: invokes.hook });
    const predicate = where.boolean(query.where, 'WHERE');
    checkBounds(query, predicate, 'WHERE');
    checkPulled(query, predicate, 'the WHERE clause', options);
    plan = filter(invokes.take(plan), predicate);
  }
  const withInvokes = { ...context, scope: invokes.scope, invokes };
  if (query.groupBy !== undefined || isOneGroup(query, options)) {
    const aggregated = planAggregation(withInvokes, plan, typer);
    return { ...given, ...aggregated, final: query.emit === 'FINAL' };
  }
  checkUngrouped(query);
  let keyed: readonly PartitionKey[] = [];
  if (query.partitionBy !== undefined) {
    keyed = partitionKeys(withInvokes, query.partitionBy, plan, typer);
    plan = rekey(
      plan,
      keyed.filter(({ isNull }) => !isNull),
      'partitionBy',
    );
  }
  const over = new OverPlanner(withInvokes);
  const functions: { name: string; fn: string; args: readonly Expr[]; type: Expr['type'] }[] = [];
  const hooks: TyperHooks = {
    over: (node, at) => over.call(node, at),
    invoke: invokes.hook,
    tableFunction: (node, args) => {
      if (plan.shape === 'TABLE') throw new SqlError('TABLE_FUNCTION_ON_TABLE', node.span, {});
      const resolution = resolveCall(node, findTableFunction(node.name.text)!, args.map(argumentType));
      const type = resultType(resolution, args);
      const name = `KSQL_SYNTH_${functions.length}`;
      functions.push({ name, fn: node.name.text, args: convertArguments(args, resolution), type });
      return column(name, type);
    },
  };
  const projection = planProjection(
    {
      ...withInvokes,
      checkSelected: (expr) => checkPulled(query, expr, 'SELECT', options),
      replacements: keyed.map(({ name, expr }) => ({ expr, by: column(name, expr.type) })),
    },
    typer.with('SELECT', hooks),
    plan,
    // PARTITION BY makes a key of its own.
    query.partitionBy === undefined ? joins?.viableKeys : undefined,
  );
  plan = invokes.take(plan);
  plan = over.take(plan);
  if (functions.length > 0) plan = flatMap(plan, functions);
  if (joins !== undefined) plan = joins.withKeys(plan, projection.joinKeys);
  return { ...given, plan: projection.apply(plan), hidden: projection.hidden, final: false };
}

function checkClauses(query: QueryNode, options: AnalysisOptions): void {
  if (query.limit !== undefined && options.purpose === 'persistent')
    throw new SqlError('LIMIT_NOT_ALLOWED', query.span, {});
  if (query.limit !== undefined && options.purpose === 'part') throw new SqlError('SUBQUERY_LIMIT', query.span, {});
  if (query.orderBy.length > 0 && (options.purpose !== 'pull' || query.emit !== undefined))
    throw new SqlError('ORDER_BY_MISPLACED', query.orderBy[0]!.expression.span, {});
  if (query.partitionBy !== undefined && query.groupBy !== undefined)
    throw new SqlError('PARTITION_AND_GROUP', query.partitionBy[0]?.span ?? query.span, {});
  if (query.emit === 'FINAL') {
    if (query.window === undefined || (query.groupBy === undefined && !isOneGroup(query, options)))
      throw new SqlError('EMIT_FINAL_INVALID', query.span, {});
    if (!options.suppressEnabled) throw new SqlError('EMIT_FINAL_DISABLED', query.span, {});
  }
}

/** Aggregates without GROUP BY are over all rows; only a push query may have them. */
function isOneGroup(query: QueryNode, { purpose }: AnalysisOptions): boolean {
  return purpose !== 'pull' && query.select.some((item) => item.kind === 'expression' && hasAggregate(item.expression));
}

/** Without recursion: an expression may be deeper than the stack. */
function hasAggregate(root: ExpressionNode): boolean {
  const left: ExpressionNode[] = [root];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'call' && node.over === undefined && findAggregate(node.name.text) !== undefined) return true;
    if (node.kind === 'call' && node.over !== undefined) continue;
    for (const value of Object.values(node) as unknown[]) left.push(...[value].flat().filter(isExpressionNode));
  }
  return false;
}
const isExpressionNode = (value: unknown): value is ExpressionNode =>
  typeof value === 'object' && value !== null && 'kind' in value;

function checkUngrouped(query: QueryNode): void {
  if (query.window !== undefined) throw new SqlError('WINDOW_WITHOUT_GROUP_BY', query.window.span, {});
  if (query.having !== undefined) throw new SqlError('HAVING_WITHOUT_GROUP_BY', query.having.span, {});
}

/** Where a row came from is known while it passes, and not of a row that is kept. */
export function checkPulled(query: QueryNode, expr: Expr, where: string, { purpose }: AnalysisOptions): void {
  const found = purpose === 'pull' && [...columnsOf([expr])].find((name) => /^ROW(PARTITION|OFFSET)$/.test(name));
  if (found) throw new SqlError('PULL_UNSUPPORTED', query.span, { what: `${found} in ${where}` });
}

/** Bounds of the window that a query itself makes are known only after its aggregation. */
function checkBounds(query: QueryNode, predicate: Expr, clause: string): void {
  if (query.window === undefined) return;
  const text = JSON.stringify(predicate);
  for (const bound of ['WINDOWSTART', 'WINDOWEND']) {
    if (text.includes(`"name":"${bound}"`))
      throw new SqlError('WINDOW_BOUNDS_MISPLACED', query.where!.span, { column: bound, clause });
  }
}

interface PartitionKey extends NamedExpr {
  readonly isNull: boolean;
}

function partitionKeys(
  context: SelectContext,
  nodes: readonly ExpressionNode[],
  plan: LogicalNode,
  typer: Typer,
): PartitionKey[] {
  if (plan.shape === 'TABLE') throw new SqlError('PARTITION_BY_TABLE', nodes[0]?.span ?? context.query.span, {});
  if (plan.windowed !== undefined)
    throw new SqlError('WINDOWED_SOURCE', nodes[0]?.span ?? context.query.span, {
      why: 'PARTITION BY would lose the window',
    });
  const at = typer.with('PARTITION BY', {});
  return nodes.map((node) => {
    const expr = at.type(node);
    const isNull = expr.kind === 'literal' && expr.value === null;
    if (isNull && nodes.length > 1) throw new SqlError('NULL_OPERAND', node.span, { operation: 'PARTITION BY' });
    const name = keyNameOf(expr, node, context);
    if (contains(expr.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, { column: name, type: typeText(expr.type), clause: 'PARTITION BY' });
    return { name, expr, isNull };
  });
}
