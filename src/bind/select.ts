import type { BoundQuery, BoundSelect, BoundTableFunction } from '../bound/query.ts';
import { extended, projected, rekeyed, type Rows } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { argumentType } from '../expressions/compile.ts';
import type { BoundColumn, BoundExpr } from '../expressions/node.ts';
import { findAggregate, findTableFunction } from '../functions/registry.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { bindAggregation } from './group-by.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import { ungroupedChecks } from './checks/clauses.ts';
import { checkPulledColumns } from './checks/pulled-columns.ts';
import { checkWindowBounds } from './checks/window-bounds.ts';
import { nameItems, type BindOptions, type QueryBinder, type Relation, type SelectContext } from './context.ts';
import { bindFrom } from './from.ts';
import { InvokeBinder } from './invoke.ts';
import { bindJoins, withKeys, type BoundJoins } from './joins.ts';
import { NameGenerator } from './names.ts';
import { OverBinder } from './over.ts';
import { bindPartitionBy } from './partition-by.ts';
import { bindProjection } from './projection.ts';
import { Scope } from './scope.ts';
import { Typer } from './typer.ts';

/** Binds one SELECT, clause by clause. */
export function bindSelect(query: QueryNode, binder: QueryBinder): BoundQuery {
  const isGrouped = hasGroups(query, binder.options);
  const relations = bindFrom(query, binder);
  const declared = contextOf(query, relations, binder);
  const joins: BoundJoins | undefined = declared.joined ? bindJoins(declared, relations) : undefined;
  const rows = joins?.rows ?? relations[0]!.bound.rows;
  const context = joins === undefined ? declared : { ...declared, scope: declared.scope.withSynthetic(joins.rowKeys) };
  const invokes = new InvokeBinder(context, rows);
  const typer = new Typer(invokes.scope, binder.catalog.types, 'SELECT');
  const where = bindWhere(context, typer, invokes);
  const clauses = { ...context, scope: invokes.scope };
  const early = invokes.take();
  if (!isGrouped) for (const check of ungroupedChecks) check(query, binder.options, isGrouped);
  const scored = extended(
    rows,
    early.flatMap(({ outputs }) => outputs),
  );
  const rest = isGrouped ? bindGroups(clauses, scored, typer) : bindRows(clauses, scored, typer, joins, invokes);
  const from = relations[0]!.bound;
  const select: BoundSelect = {
    joins: joins?.joins ?? [],
    ...rest.clauses,
    span: query.span,
    from,
    invokes: early,
    where,
  };
  return {
    selects: [Object.freeze(select)],
    alike: undefined,
    result: undefined,
    rows: projected(rest.rows, select.outputs),
    hidden: rest.hidden,
    sources: [...new Set(relations.flatMap(({ sources }) => sources))],
    leftmost: relations[0]!.leftmost,
    windowSizeMs: windowSize(select),
    limit: query.limit,
    final: isGrouped && query.emit === 'FINAL',
  };
}

function contextOf(query: QueryNode, relations: readonly Relation[], binder: QueryBinder): SelectContext {
  const scope = new Scope(relations.map((relation) => relation.scope));
  const names = new NameGenerator(
    scope.sources.flatMap(({ columns }) =>
      columns.map(({ column }) => column.name).filter((name) => !isPseudoColumn(name)),
    ),
  );
  const { catalog, options, ids } = binder;
  const itemNames = nameItems(query, names);
  return { query, scope, names, catalog, options, ids, joined: relations.length > 1, itemNames };
}

function bindWhere(context: SelectContext, typer: Typer, invokes: InvokeBinder): BoundExpr | undefined {
  const { where } = context.query;
  if (where === undefined) return undefined;
  const predicate = typer.with('WHERE', { invoke: invokes.expression }).boolean(where, 'WHERE');
  checkWindowBounds([predicate], 'WHERE', where.span, context);
  checkPulledColumns(predicate, 'the WHERE clause', context);
  return predicate;
}

/** The clauses behind WHERE, and the rows that the outputs are made of. */
interface Rest {
  readonly clauses: Pick<
    BoundSelect,
    'partitionBy' | 'grouping' | 'lateInvokes' | 'over' | 'tableFunctions' | 'outputs'
  > &
    Partial<Pick<BoundSelect, 'joins'>>;
  readonly rows: Rows;
  readonly hidden: BoundQuery['hidden'];
}

function bindGroups(context: SelectContext, rows: Rows, typer: Typer): Rest {
  const { grouping, outputs, hidden, rows: groups } = bindAggregation(context, rows, typer);
  return {
    clauses: { partitionBy: undefined, grouping, lateInvokes: [], over: [], tableFunctions: [], outputs },
    rows: groups,
    hidden,
  };
}

function bindRows(
  context: SelectContext,
  input: Rows,
  typer: Typer,
  joins: BoundJoins | undefined,
  invokes: InvokeBinder,
): Rest {
  const { query } = context;
  const keys = query.partitionBy && bindPartitionBy(context, query.partitionBy, input, typer);
  const partitionBy = keys?.filter(({ isNull }) => !isNull);
  const rows = partitionBy === undefined ? input : rekeyed(input, partitionBy);
  const over = new OverBinder(context, rows);
  const tableFunctions: BoundTableFunction[] = [];
  const { outputs, hidden, joinKeys } = bindProjection(
    context,
    typer.with('SELECT', {
      over: (node, inner) => over.call(node, inner),
      invoke: invokes.expression,
      tableFunction: (node, args) => addTableFunction(node, args, rows, tableFunctions, context),
    }),
    rows,
    {
      check: (expr) => checkPulledColumns(expr, 'SELECT', context),
      replacements: (keys ?? []).map(({ id, name, expr }) => ({
        expr,
        by: expr.kind === 'column' ? expr : { kind: 'column', id, name, type: expr.type },
      })),
      // PARTITION BY makes a key of its own.
      viableKeys: keys === undefined ? joins?.viableKeys : undefined,
    },
  );
  return {
    clauses: {
      ...(joins === undefined ? {} : { joins: withKeys(joins.joins, joinKeys) }),
      partitionBy,
      grouping: undefined,
      lateInvokes: invokes.take(),
      over: over.take(),
      tableFunctions,
      outputs,
    },
    rows,
    hidden,
  };
}

function addTableFunction(
  node: CallNode,
  args: readonly BoundExpr[],
  rows: Rows,
  all: BoundTableFunction[],
  { ids }: SelectContext,
): BoundColumn {
  if (rows.shape === 'TABLE') throw new SqlError('TABLE_FUNCTION_ON_TABLE', node.span, {});
  const resolution = resolveCall(node, findTableFunction(node.name.text)!, args.map(argumentType));
  const added: BoundTableFunction = {
    id: ids.next(),
    name: `KSQL_SYNTH_${all.length}`,
    fn: node.name.text,
    args: convertArguments(args, resolution),
    type: resultType(resolution, args),
  };
  all.push(added);
  return { kind: 'column', id: added.id, name: added.name, type: added.type };
}

function windowSize({ grouping, from }: BoundSelect): number | undefined {
  const window = grouping?.window;
  if (window === undefined) return from.windowSizeMs;
  return window.type === 'SESSION' ? undefined : window.sizeMs;
}

/** Whether a query groups its rows: by GROUP BY, or all of them as one group. */
export const hasGroups = (query: QueryNode, options: BindOptions): boolean =>
  query.groupBy !== undefined || isOneGroup(query, options);

/** Aggregates without GROUP BY are over all rows; only a push query may have them. */
function isOneGroup(query: QueryNode, { purpose }: BindOptions): boolean {
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
