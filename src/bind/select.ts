import type { BoundQuery, BoundSelect, BoundTableFunction } from '../bound/query.ts';
import { extended, projected, ranked, rekeyed, type NamedExpr, type Rows } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { argumentType } from '../expressions/compile.ts';
import type { BoundColumn, BoundExpr } from '../expressions/node.ts';
import { findTableFunction } from '../functions/registry.ts';
import type { CallNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { bindAggregation } from './group-by.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import { ungroupedChecks } from './checks/clauses.ts';
import { checkPulledColumns } from './checks/pulled-columns.ts';
import { checkWindowBounds } from './checks/window-bounds.ts';
import { selectContext, type QueryBinder, type SelectContext } from './context.ts';
import { distinctAsGroups, hasAggregate } from './distinct.ts';
import { bindFrom } from './from.ts';
import { InvokeBinder } from './invoke.ts';
import { bindJoins, withKeys, type BoundJoins } from './joins.ts';
import { OverBinder } from './over/binder.ts';
import { bindRanking } from './over/ranking.ts';
import { bindQualify } from './qualify.ts';
import { bindPartitionBy } from './partition-by.ts';
import { replace, type Replacement } from './replace.ts';
import { SemiJoins } from './semi-joins.ts';
import type { ExpressionTyper } from './typing.ts';
import { bindProjection } from './projection.ts';
import { Scope } from './scope.ts';
import { Typer } from './typer.ts';

/** Binds one SELECT, clause by clause. */
export function bindSelect(written: QueryNode, binder: QueryBinder): BoundQuery {
  const isGrouped = hasGroups(written);
  const relations = bindFrom(written, binder);
  const declared = selectContext(written, new Scope(relations.map(({ scope }) => scope)), binder);
  const joins: BoundJoins | undefined = declared.joined ? bindJoins(declared, relations) : undefined;
  const rows = joins?.rows ?? relations[0]!.bound.rows;
  const grouped = distinctAsGroups(declared, rows);
  const { query } = grouped;
  const context = joins === undefined ? grouped : { ...grouped, scope: grouped.scope.withSynthetic(joins.rowKeys) };
  const invokes = new InvokeBinder(context, rows);
  const typer = new Typer(invokes.scope, binder.catalog.types, 'SELECT');
  const semiJoins = new SemiJoins(rows, binder);
  const where = bindWhere(context, typer, invokes, semiJoins);
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
    semiJoins: semiJoins.all,
    where,
  };
  return {
    selects: [Object.freeze(select)],
    alike: undefined,
    result: undefined,
    rows: projected(rest.rows, select.outputs),
    hidden: rest.hidden,
    sources: [...new Set([...relations.flatMap(({ sources }) => sources), ...semiJoins.sources])],
    leftmost: relations[0]!.leftmost,
    windowSizeMs: windowSize(select),
    limit: query.limit,
    final: isGrouped && query.emit === 'FINAL',
  };
}

function bindWhere(
  context: SelectContext,
  typer: Typer,
  invokes: InvokeBinder,
  { bind }: SemiJoins,
): BoundExpr | undefined {
  const { where } = context.query;
  if (where === undefined) return undefined;
  const predicate = typer.with('WHERE', { invoke: invokes.expression, inQuery: bind }).boolean(where, 'WHERE');
  checkWindowBounds([predicate], 'WHERE', where.span, context);
  checkPulledColumns(predicate, 'the WHERE clause', context);
  return predicate;
}

/** The clauses after WHERE, and the rows that the outputs are computed from. */
interface Rest {
  readonly clauses: Pick<
    BoundSelect,
    'partitionBy' | 'grouping' | 'lateInvokes' | 'ranking' | 'over' | 'qualify' | 'tableFunctions' | 'outputs'
  > &
    Partial<Pick<BoundSelect, 'joins'>>;
  readonly rows: Rows;
  readonly hidden: BoundQuery['hidden'];
}

const none = {
  partitionBy: undefined,
  lateInvokes: [],
  ranking: undefined,
  over: [],
  qualify: undefined,
  tableFunctions: [],
} as const;

function bindGroups(context: SelectContext, rows: Rows, typer: Typer): Rest {
  if (context.query.qualify !== undefined)
    throw new SqlError('OVER_INVALID', context.query.qualify.span, {
      why: 'QUALIFY is not of grouped rows',
      hint: 'Group in a subquery, and qualify its rows: SELECT … FROM (SELECT … GROUP BY …) QUALIFY …',
    });
  const { grouping, outputs, hidden, rows: groups } = bindAggregation(context, rows, typer);
  return {
    clauses: { ...none, grouping, outputs },
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
  const moved = partitionBy === undefined ? input : rekeyed(input, partitionBy);
  const ranking = bindRanking(context, moved, typer);
  const rows = ranking === undefined ? moved : ranked(moved, ranking);
  const over = new OverBinder(context, rows, ranking);
  const tableFunctions: BoundTableFunction[] = [];
  const hooks = {
    over: (node: CallNode, inner: ExpressionTyper) => over.call(node, inner),
    invoke: invokes.expression,
  };
  const replacements = [...(keys ?? []), ...(ranking?.partitionBy ?? [])].map(columnOfKey);
  const { outputs, hidden, joinKeys } = bindProjection(
    context,
    typer.with('SELECT', {
      ...hooks,
      tableFunction: (node, args) => addTableFunction(node, args, rows, tableFunctions, context),
    }),
    rows,
    {
      check: (expr) => checkPulledColumns(expr, 'SELECT', context),
      replacements,
      // PARTITION BY and a ranking set a new key.
      viableKeys: keys === undefined && ranking === undefined ? joins?.viableKeys : undefined,
      mayLoseKeys: () => over.movesRows,
      unlisted: ranking?.rank.id,
    },
  );
  const qualify = bindQualify(context, typer.with('QUALIFY', hooks));
  return {
    clauses: {
      ...(joins === undefined ? {} : { joins: withKeys(joins.joins, joinKeys) }),
      partitionBy,
      grouping: undefined,
      lateInvokes: invokes.take(),
      ranking,
      over: over.take(),
      qualify: qualify && replace(qualify, replacements),
      tableFunctions,
      outputs,
    },
    rows,
    hidden,
  };
}

/** An expression of a key, which is a column of the rows from there on. */
const columnOfKey = ({ id, name, expr }: NamedExpr): Replacement => ({
  expr,
  by: expr.kind === 'column' ? expr : { kind: 'column', id, name, type: expr.type },
});

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

/** Whether a query groups its rows: by GROUP BY or DISTINCT, or all rows as one group. */
export const hasGroups = (query: QueryNode): boolean =>
  query.groupBy !== undefined || query.distinct !== undefined || isOneGroup(query);

/** Aggregates without GROUP BY are over all rows; only a query of a client may have them. */
function isOneGroup(query: QueryNode): boolean {
  return query.select.some((item) => item.kind === 'expression' && hasAggregate(item.expression));
}
