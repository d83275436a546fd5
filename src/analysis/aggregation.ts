import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { argumentType } from '../expressions/compile.ts';
import { column, columnsOf, type Expr } from '../expressions/node.ts';
import { findAggregate, isUserFunction } from '../functions/registry.ts';
import { aggregate, filter } from '../plan/logical/build.ts';
import type { AggregateCall, LogicalNode, NamedExpr } from '../plan/logical/node.ts';
import type { WindowSpec } from '../plan/window.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import type { WindowNode } from '../syntax/query.ts';
import { isWindowBound } from '../types/schema.ts';
import { BIGINT, contains, INTEGER, typeText } from '../types/sql-type.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import type { planInvokes } from './invokes.ts';
import { keyNameOf, type SelectContext } from './context.ts';
import { planProjection, replace } from './projection.ts';
import { Scope } from './scope.ts';
import { Typer } from './typer.ts';

const dayMs = 86_400_000;

/** GROUP BY, its aggregates, HAVING, and the projection of what is left. */
export function planAggregation(
  context: SelectContext & { readonly invokes: ReturnType<typeof planInvokes> },
  input: LogicalNode,
  typer: Typer,
): { plan: LogicalNode; hidden: readonly string[] } {
  const { query } = context;
  if (query.groupBy?.length === 0) throw new SqlError('GROUP_BY_EMPTY', query.span, {});
  if (input.shape === 'TABLE' && query.window !== undefined)
    throw new SqlError('WINDOW_ON_TABLE', query.window.span, {});
  if (input.windowed !== undefined && query.window !== undefined)
    throw new SqlError('WINDOWED_SOURCE', query.window.span, { why: 'its rows have windows already' });
  const kafka = context.scope.sources
    .map(({ name }) => context.catalog.sources.get(name)?.spec)
    .find((spec) => spec?.valueFormat.format === 'KAFKA');
  if (kafka !== undefined) throw new SqlError('KAFKA_VALUE_FORMAT', query.from.span, { source: kafka.name });
  // Without GROUP BY all rows are one group.
  const keys = groupKeys(context, query.groupBy ?? [], typer);
  // Window bounds become columns of the aggregate, so SELECT may name them.
  const bounds = query.window === undefined ? [] : ['WINDOWSTART', 'WINDOWEND'];
  const calls: AggregateCall[] = [];
  const known = new Map<string, Expr>();
  const onAggregate = (node: CallNode, args: Expr[]): Expr => {
    const bound = [...columnsOf(args)].find((name) => bounds.includes(name));
    if (bound !== undefined)
      throw new SqlError('WINDOW_BOUNDS_MISPLACED', node.span, { column: bound, clause: 'an aggregate function' });
    const found = findAggregate(node.name.text)!;
    // COUNT(*) counts rows; other functions without arguments are given ROWTIME, as ksqlDB does.
    const actual = node.star && node.name.text !== 'COUNT' ? [rowTime(input, node)] : args;
    const resolution = resolveCall(node, found, actual.map(argumentType));
    resolution.params.forEach((param, i) => {
      if (param.constant && actual[i]!.kind !== 'literal')
        throw new SqlError('CONSTANT_ARGUMENT', node.args[i]!.span, { name: found.name, parameter: param.name });
      if (param.constant && !isUserFunction(found.name)) checkCount(node, i, found.name, param.name, actual[i]!);
    });
    if (input.shape === 'TABLE' && !hasUndo(resolution.overload, actual))
      throw new SqlError('AGGREGATE_NO_UNDO', node.span, { name: found.name });
    const converted = convertArguments(actual, resolution);
    const key = JSON.stringify([found.name, converted]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const type = resultType(resolution, actual);
    const name = `KSQL_AGG_VARIABLE_${calls.length}`;
    calls.push({ name, fn: found.name, args: converted, type });
    const result = column(name, type);
    known.set(key, result);
    return result;
  };
  const scope = new Scope([
    ...typer.scope.sources.map((source, i) => ({
      ...source,
      columns:
        i > 0
          ? source.columns
          : [
              ...source.columns,
              ...bounds.map((name) => ({ name, internal: name, type: BIGINT, hidden: true, isKey: false })),
            ],
    })),
  ]);
  const replacements = keys.map(({ name, expr }) => ({ expr, by: column(name, expr.type) }));
  const select = new Typer(scope, context.catalog.types, 'SELECT', { aggregate: onAggregate });

  const window = query.window && windowOf(query.window, query.emit === 'FINAL');
  const draft = (): LogicalNode => aggregate(input, keys, calls, window, query.emit === 'FINAL');
  const projection = planProjection(
    {
      ...context,
      scope,
      replacements,
      // What is not grouped is said before a key that is missing: it is why, more often than not.
      checkSelected: (expr, span) => {
        if (calls.length > 0 || query.having !== undefined) checkGrouped(expr, draft(), 'SELECT', span);
      },
      checkProjection: () => {
        if (calls.length === 0 && query.having === undefined) throw new SqlError('NO_AGGREGATE', query.span, {});
      },
    },
    select,
    draft(),
  );
  const having =
    query.having === undefined
      ? undefined
      : replace(select.with('HAVING', { aggregate: onAggregate }).boolean(query.having, 'HAVING'), replacements);
  if (calls.length === 0) throw new SqlError('NO_AGGREGATE', query.span, {});
  if (query.groupBy === undefined && context.options.purpose === 'persistent')
    throw new SqlError('AGGREGATE_WITHOUT_GROUP_BY', query.span, {});
  let plan = draft();
  if (having !== undefined) {
    const bound = [...columnsOf([having])].find((name) => bounds.includes(name));
    if (bound !== undefined)
      throw new SqlError('WINDOW_BOUNDS_MISPLACED', query.having!.span, { column: bound, clause: 'HAVING' });
    checkGrouped(having, plan, 'HAVING', query.having!.span);
    plan = filter(plan, having);
  }
  return { plan: projection.apply(plan), hidden: projection.hidden };
}

/** The time of the rows: of a join that of its first source; what was made of several rows without it has none. */
function rowTime(input: LogicalNode, node: CallNode): Expr {
  const found = input.columns.find(({ name }) => name === 'ROWTIME' || name.endsWith('_ROWTIME'));
  if (found === undefined)
    throw new SqlError('COLUMN_NOT_FOUND', node.span, { column: 'ROWTIME', candidates: [], suggestion: undefined });
  return column(found.name, found.type);
}

/** The whole numbers that aggregates take as constants say how many values they keep. */
function checkCount(node: CallNode, i: number, name: string, parameter: string, argument: Expr): void {
  if (argument.kind !== 'literal' || argument.type.kind === 'BOOLEAN' || Number(argument.value) >= 1) return;
  throw new SqlError('COUNT_ARGUMENT', node.args[i]!.span, { name, parameter });
}

function hasUndo(
  overload: ReturnType<typeof findAggregate> extends infer F
    ? F extends { overloads: readonly (infer O)[] }
      ? O
      : never
    : never,
  args: readonly Expr[],
): boolean {
  const constants = args.map((arg) => (arg.kind === 'literal' ? (arg.value as never) : undefined));
  return (
    overload.create({ args: args.map(({ type }) => type), returns: args[0]?.type ?? INTEGER, constants }).undo !==
    undefined
  );
}

function groupKeys(context: SelectContext, nodes: readonly ExpressionNode[], typer: Typer): NamedExpr[] {
  const hooks = {
    aggregate: (node: CallNode): never => {
      throw new SqlError('AGGREGATE_IN_GROUP_BY', node.span, { name: node.name.text });
    },
  };
  const at = typer.with('GROUP BY', hooks);
  const seen = new Set<string>();
  return nodes.map((node) => {
    const isBound = node.kind === 'column' && isWindowBound(node.name.text);
    if (context.query.window !== undefined && isBound)
      throw new SqlError('WINDOW_BOUNDS_MISPLACED', node.span, { column: node.name.text, clause: 'GROUP BY' });
    const expr = at.type(node);
    if (expr.kind === 'literal' && expr.value === null)
      throw new SqlError('NULL_OPERAND', node.span, { operation: 'GROUP BY' });
    const text = JSON.stringify(expr);
    if (seen.has(text)) throw new SqlError('DUPLICATE_GROUPING', node.span, {});
    seen.add(text);
    const name = keyNameOf(expr, node, context);
    if (contains(expr.type, 'MAP'))
      throw new SqlError('KEY_TYPE', node.span, { column: name, type: typeText(expr.type), clause: 'GROUP BY' });
    return { name, expr };
  });
}

/** After grouping only keys, aggregates and window bounds are left to read. */
function checkGrouped(expr: Expr, plan: LogicalNode, clause: string, span: Span): void {
  const left = new Set(plan.columns.map(({ name }) => name));
  const missing = [...columnsOf([expr])].find((name) => !left.has(name));
  if (missing !== undefined) throw new SqlError('NOT_GROUPED', span, { column: missing, clause });
}

/**
 * The window of a query with its defaults: 24 hours of grace less the size, none where rows are sent once, when a window closes;
 * and as much retention as that needs.
 */
export function windowOf(node: WindowNode, final: boolean): WindowSpec {
  const sizeMs = node.size.ms;
  const advanceMs = node.kind === 'SESSION' ? 0 : (node.advance?.ms ?? sizeMs);
  const invalid = (why: string): never => {
    throw new SqlError('WINDOW_INVALID', node.span, { why });
  };
  if (sizeMs <= 0) invalid('the size must be greater than zero');
  if (node.kind === 'HOPPING' && (advanceMs <= 0 || advanceMs > sizeMs))
    invalid('ADVANCE BY must be greater than zero and not exceed the size');
  const graceMs = node.grace?.ms ?? (final ? 0 : Math.max(dayMs - sizeMs, 0));
  const needed = sizeMs + graceMs;
  if (node.retention !== undefined && node.retention.ms < needed)
    invalid(`RETENTION must be at least the size and the grace period, ${needed} ms`);
  return { type: node.kind, sizeMs, advanceMs, graceMs, retentionMs: node.retention?.ms ?? needed };
}
