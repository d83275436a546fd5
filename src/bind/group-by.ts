import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundAggregate, BoundGrouping } from '../bound/query.ts';
import { grouped, type NamedExpr, type Output, type Rows } from '../bound/rows.ts';
import { argumentType } from '../expressions/compile.ts';
import type { BoundColumn, BoundExpr, ColumnId } from '../expressions/node.ts';
import { sameExpr, sameExprs } from '../expressions/same.ts';
import { overloadsOf } from '../functions/define.ts';
import { findAggregate } from '../functions/registry.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import { isWindowBound } from '../types/schema.ts';
import { BIGINT, contains, typeText } from '../types/sql-type.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import { checkCombines } from './checks/combines.ts';
import { checkConstantArguments } from './checks/constant-arguments.ts';
import { withConstantTexts } from './checks/constant-texts.ts';
import { checkGroupedColumns } from './checks/grouped-columns.ts';
import { checkMerge } from './checks/merge.ts';
import { checkUndo } from './checks/undo.ts';
import { checkWindowBounds } from './checks/window-bounds.ts';
import { keyNameOf, type SelectContext } from './context.ts';
import { bindProjection } from './projection.ts';
import { replace, type Replacement } from './replace.ts';
import type { Scope } from './scope.ts';
import { Typer } from './typer.ts';
import { windowOf } from './window.ts';

export interface BoundAggregation {
  readonly grouping: BoundGrouping;
  readonly outputs: readonly Output[];
  readonly hidden: ReadonlySet<ColumnId>;
  readonly rows: Rows;
}

/** Binds GROUP BY, the aggregates, HAVING and the projection above them. */
export function bindAggregation(context: SelectContext, input: Rows, typer: Typer): BoundAggregation {
  const { query, ids, catalog } = context;
  checkGrouping(context, input);
  // Without GROUP BY, all rows form one group.
  const keys = groupKeys(context, query.groupBy ?? [], typer);
  const final = query.emit === 'FINAL';
  const window = query.window && windowOf(query.window, final);
  const time = ids.next();
  const bounds = window === undefined ? undefined : { start: ids.next(), end: ids.next() };
  const calls = new AggregateCalls(context, input);
  const distinct = query.distinct !== undefined;
  // ksqlDB's rule; what a pull query computes is not ksqlDB's.
  const needsCall = context.options.purpose !== 'pull' && !distinct;
  const draft = (): Rows => grouped(keys, { aggregates: calls.all, time, bounds }, window?.type);
  const replacements = groupReplacements(context, keys, time);
  // The window bounds are columns of the aggregation, so that SELECT may read them.
  const select = new Typer(withBounds(context.scope, bounds), catalog.types, 'SELECT', { aggregate: calls.bind });

  const { outputs, hidden } = bindProjection({ ...context, scope: select.scope }, select, draft(), {
    replacements,
    viableKeys: undefined,
    // A column that is not grouped is reported before a missing key, because it is usually the cause.
    check: (expr, span) => {
      if (!needsCall || calls.all.length > 0 || query.having !== undefined)
        checkGroupedColumns(expr, draft(), 'SELECT', span);
    },
    checkAll: () => {
      if (needsCall && calls.all.length === 0 && query.having === undefined)
        throw new SqlError('NO_AGGREGATE', query.span, {});
    },
  });
  const having =
    query.having &&
    replace(select.with('HAVING', { aggregate: calls.bind }).boolean(query.having, 'HAVING'), replacements);
  if (needsCall && calls.all.length === 0) throw new SqlError('NO_AGGREGATE', query.span, {});
  if (query.groupBy === undefined && context.options.purpose === 'persistent')
    throw new SqlError('AGGREGATE_WITHOUT_GROUP_BY', query.span, {});
  if (having !== undefined) {
    checkWindowBounds([having], 'HAVING', query.having!.span, context);
    checkGroupedColumns(having, draft(), 'HAVING', query.having!.span);
  }
  const rows = draft();
  return {
    grouping: {
      keys,
      aggregates: calls.all,
      set: context.options.aggregates,
      time,
      bounds,
      window,
      final,
      having,
      distinct,
    },
    outputs,
    hidden,
    rows,
  };
}

function checkGrouping({ query, scope, catalog }: SelectContext, input: Rows): void {
  if (query.groupBy?.length === 0) throw new SqlError('GROUP_BY_EMPTY', query.span, {});
  if (input.shape === 'TABLE' && query.window !== undefined)
    throw new SqlError('WINDOW_ON_TABLE', query.window.span, {});
  if (input.windowed !== undefined && query.window !== undefined)
    throw new SqlError('WINDOWED_SOURCE', query.window.span, { why: 'its rows have windows already' });
  for (const { name } of scope.sources) {
    const source = catalog.sources.get(name);
    if (source !== undefined) checkCombines(source.spec, query.from.span);
  }
}

function withBounds(scope: Scope, bounds: BoundGrouping['bounds']): Scope {
  if (bounds === undefined) return scope;
  const bound = (id: ColumnId, name: string): BoundColumn => ({ kind: 'column', id, name, type: BIGINT });
  return scope.withColumns(
    [bound(bounds.start, 'WINDOWSTART'), bound(bounds.end, 'WINDOWEND')].map((column) => ({
      column,
      hidden: true,
      isKey: false,
    })),
  );
}

/** Above GROUP BY, key expressions and ROWTIME are columns of the aggregation. */
function groupReplacements(
  { scope, joined }: SelectContext,
  keys: readonly NamedExpr[],
  time: ColumnId,
): Replacement[] {
  const result = keys.map(({ id, name, expr }): Replacement => ({
    expr,
    by: expr.kind === 'column' ? expr : { kind: 'column', id, name, type: expr.type },
  }));
  const own = joined ? undefined : timeOf(scope);
  if (own !== undefined) result.push({ expr: own, by: { ...own, id: time } });
  return result;
}

/** The ROWTIME column of the input: of a join, that of its first source; undefined where the input has none. */
function timeOf(scope: Scope): BoundColumn | undefined {
  for (const { columns } of scope.sources) {
    const time = columns.find(({ column }) => column.name === 'ROWTIME');
    if (time !== undefined) return time.column;
  }
  return undefined;
}

/** Collects the aggregate calls of SELECT and HAVING; equal calls share one column. */
class AggregateCalls {
  readonly #context: SelectContext;
  readonly #input: Rows;
  readonly all: BoundAggregate[] = [];

  constructor(context: SelectContext, input: Rows) {
    this.#context = context;
    this.#input = input;
  }

  readonly bind = (node: CallNode, written: BoundExpr[], filter?: BoundExpr): BoundColumn => {
    checkWindowBounds(
      filter === undefined ? written : [...written, filter],
      'an aggregate function',
      node.span,
      this.#context,
    );
    const fn = findAggregate(node.name.text)!;
    // COUNT(*) counts rows; in a function that needs an argument, `*` means ROWTIME, as in ksqlDB.
    const overloads = overloadsOf(fn, this.#context.options.aggregates);
    const needsArgument = overloads.every(({ params }) => params.length > 0);
    const typed = node.star && needsArgument ? [this.#time(node)] : written;
    const resolution = resolveCall(node, { name: fn.name, overloads }, typed.map(argumentType));
    const args = withConstantTexts(node, resolution, typed);
    checkConstantArguments(node, fn, resolution, args);
    if (this.#input.shape === 'TABLE') checkUndo(node, fn, resolution, args);
    if (this.#context.query.window !== undefined) checkMerge(node, fn, resolution, args, this.#context.query.window);
    const converted = convertArguments(args, resolution);
    const filters = filter === undefined ? [] : [filter];
    const known = this.all.find(
      (call) =>
        call.fn === fn.name &&
        sameExprs(call.args, converted) &&
        sameExprs(call.filter === undefined ? [] : [call.filter], filters),
    );
    const call = known ?? {
      id: this.#context.ids.next(),
      name: `KSQL_AGG_VARIABLE_${this.all.length}`,
      fn: fn.name,
      args: converted,
      type: resultType(resolution, args),
      ...(filter === undefined ? {} : { filter }),
    };
    if (known === undefined) this.all.push(call);
    return { kind: 'column', id: call.id, name: call.name, type: call.type };
  };

  #time(node: CallNode): BoundColumn {
    const time = timeOf(this.#context.scope);
    if (time === undefined)
      throw new SqlError('COLUMN_NOT_FOUND', node.span, { column: 'ROWTIME', candidates: [], suggestion: undefined });
    return time;
  }
}

function groupKeys(context: SelectContext, nodes: readonly ExpressionNode[], typer: Typer): NamedExpr[] {
  const inner = typer.with('GROUP BY', {
    aggregate: (node: CallNode): never => {
      throw new SqlError('AGGREGATE_IN_GROUP_BY', node.span, { name: node.name.text });
    },
  });
  const keys: NamedExpr[] = [];
  for (const node of nodes) {
    const isBound = node.kind === 'column' && isWindowBound(node.name.text);
    if (context.query.window !== undefined && isBound)
      throw new SqlError('WINDOW_BOUNDS_MISPLACED', node.span, { column: node.name.text, clause: 'GROUP BY' });
    const expr = inner.type(node);
    if (expr.kind === 'literal' && expr.value === null)
      throw new SqlError('NULL_OPERAND', node.span, { operation: 'GROUP BY' });
    if (keys.some((key) => sameExpr(key.expr, expr))) throw new SqlError('DUPLICATE_GROUPING', node.span, {});
    const name = keyNameOf(expr, node, context);
    if (contains(expr.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, { column: name, type: typeText(expr.type), clause: 'GROUP BY' });
    keys.push({ id: expr.kind === 'column' ? expr.id : context.ids.next(), name, expr });
  }
  return keys;
}
