import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Expr } from '../expressions/node.ts';
import { column, columnsOf } from '../expressions/node.ts';
import { filter, flatMap, rekey, source as sourceNode } from '../plan/logical/build.ts';
import { type LogicalNode, type NamedExpr } from '../plan/logical/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import type { QueryNode, SourceNode } from '../syntax/query.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { contains, typeText } from '../types/sql-type.ts';
import { planAggregation } from './aggregation.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import { planInvokes } from './invokes.ts';
import { planJoins } from './joins.ts';
import { NameGenerator } from './names.ts';
import { OverPlanner } from './over.ts';
import { keyNameOf, nameItems, requireSource, type AnalysisOptions, type SelectContext } from './context.ts';
import { planProjection } from './projection.ts';
import { Scope, type ScopeColumn, type ScopeSource } from './scope.ts';
import { Typer } from './typer.ts';
import type { TyperHooks } from './typing.ts';
import { findAggregate, findTableFunction } from '../functions/registry.ts';
import { argumentType } from '../expressions/compile.ts';

export interface AnalyzedQuery {
  readonly plan: LogicalNode;
  /** The sources that it reads, by name. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceObject;
  readonly limit: number | undefined;
  readonly final: boolean;
  /** Whether rows are placed by a key other than the leftmost source's. */
  readonly rekeyed: boolean;
}

/** Resolves and types a query, checks its shape, and plans it. */
export function analyzeQuery(query: QueryNode, catalog: Catalog, options: AnalysisOptions): AnalyzedQuery {
  checkClauses(query, options);
  const used = [query.from, ...query.joins.map((join) => join.source)];
  const objects = used.map(({ name }) => requireSource(catalog, name));
  const aliases = used.map(aliasOf);
  checkAliases(used, aliases);
  const joined = used.length > 1;
  const nodes = objects.map((object, i) => sourceNode(object.spec, aliases[i]!, joined ? `${aliases[i]!}_` : ''));
  const scope = new Scope(objects.map((object, i) => scopeOf(object, aliases[i]!, joined)));
  const names = new NameGenerator(objects.flatMap(({ spec }) => spec.schema.map(({ name }) => name)));
  const itemNames = nameItems(query, names);
  const declared: SelectContext = { query, scope, names, catalog, options, joined, itemNames };
  const joins = joined ? planJoins(declared, nodes, objects) : undefined;
  const context = joins?.rowKey === undefined ? declared : { ...declared, scope: scope.withSynthetic(joins.rowKey) };
  let plan: LogicalNode = joins?.plan ?? nodes[0]!;
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
    plan = planAggregation(withInvokes, plan, typer);
    return {
      plan,
      sources: distinct(objects),
      leftmost: objects[0]!,
      limit: query.limit,
      final: query.emit === 'FINAL',
      rekeyed: true,
    };
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
  if (joins !== undefined) plan = joins.withKey(plan, projection.joinKey);
  return {
    plan: projection.apply(plan),
    sources: distinct(objects),
    leftmost: objects[0]!,
    limit: query.limit,
    final: false,
    rekeyed: query.partitionBy !== undefined || joined,
  };
}

const distinct = (objects: readonly SourceObject[]): string[] => [...new Set(objects.map(({ spec }) => spec.name))];
const aliasOf = (source: SourceNode): string => (source.alias ?? source.name).text;

function scopeOf(object: SourceObject, alias: string, joined: boolean): ScopeSource {
  const { spec } = object;
  const prefix = joined ? `${alias}_` : '';
  const node = sourceNode(spec, alias, prefix);
  const columns = node.columns.map((each, i): ScopeColumn => {
    const name = node.reads[i]!;
    const bound = name === 'WINDOWSTART' || name === 'WINDOWEND';
    return {
      name,
      internal: each.name,
      type: each.type,
      hidden: isPseudoColumn(name) && !bound,
      isKey: each.role === 'key',
    };
  });
  return { alias, name: spec.name, columns };
}

function checkAliases(used: readonly SourceNode[], aliases: readonly string[]): void {
  used.forEach(({ name, span }, i) => {
    if (used.findIndex((other) => other.name.text === name.text) !== i)
      throw new SqlError('JOIN_SELF', span, { source: name.text });
    if (aliases.indexOf(aliases[i]!) !== i) throw new SqlError('JOIN_SELF', span, { source: aliases[i]! });
  });
}

function checkClauses(query: QueryNode, options: AnalysisOptions): void {
  if (query.limit !== undefined && options.purpose === 'persistent')
    throw new SqlError('LIMIT_NOT_ALLOWED', query.span, {});
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
