import { SqlError } from '../diagnostics/sql-error.ts';
import { argumentType } from '../expressions/compile.ts';
import { isNull, literal, literalValue, type BoundExpr } from '../expressions/node.ts';
import { findImpossible, findOverFunction } from '../functions/over/index.ts';
import { findFunction } from '../functions/registry.ts';
import { suggestedFunction } from '../functions/other-names.ts';
import {
  argumentText,
  resolveOverload,
  signatureText,
  targetType,
  type ArgumentType,
  type Resolution,
} from '../functions/resolve.ts';
import { substitute, type Bindings, type Param, type ParamType } from '../functions/signature.ts';
import type { ScalarFunction, ScalarOverload, SqlFunction } from '../functions/define.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import { printExpression } from '../syntax/print.ts';
import { castBetween } from '../types/casts.ts';
import { STRING, typeText, type SqlType } from '../types/sql-type.ts';
import { InternalError } from '../util/internal-error.ts';
import { sameData } from '../util/same-data.ts';
import { checkNoRowChoice, withoutDistinct } from './checks/call-parts.ts';
import { asTime, cast, isStringLiteral } from './coerce.ts';
import { emptyOfKnown, isEmpty } from './empties.ts';
import { translated } from './other-dialects.ts';
import type { ExpressionTyper } from './typing.ts';

type AnyOverload = SqlFunction['overloads'][number];

/** Types a call: scalar functions here, aggregates and table functions by the hooks of the clause. */
export function typeCall(typer: ExpressionTyper, written: CallNode): BoundExpr {
  const ours = translated(written);
  if (ours.kind !== 'call') return typer.type(ours);
  const node = withColumns(withoutDistinct(ours));
  const name = node.name.text;
  if (node.over !== undefined || isWindowFunction(name)) return typeWindowCall(typer, node);
  const fn = findFunction(name);
  checkNoRowChoice(node, fn?.kind === 'aggregate');
  if (fn === undefined)
    throw new SqlError('FUNCTION_NOT_FOUND', node.name.span, { name, suggestion: suggestedFunction(name) });
  if (fn.kind === 'aggregate') {
    if (typer.hooks.aggregate === undefined) {
      // An unknown column among the arguments is reported before the misplaced function.
      for (const arg of node.args) if (arg.kind === 'column') typer.type(arg);
      const nested = typer.place === 'an aggregate function';
      throw nested
        ? new SqlError('AGGREGATE_NESTED', node.span, { name })
        : new SqlError('AGGREGATE_MISPLACED', node.span, { name, where: typer.place });
    }
    const args = node.args.map((arg) => typer.with('an aggregate function', {}).type(arg));
    const filter = node.filter && typer.with('FILTER (WHERE …)', {}).boolean(node.filter, 'FILTER (WHERE …)');
    return typer.hooks.aggregate(node, args, filter);
  }
  if (fn.kind === 'table') {
    if (typer.hooks.tableFunction === undefined)
      throw new SqlError('TABLE_FUNCTION_MISPLACED', node.span, { name, where: typer.place });
    const args = node.args.map((arg) => typer.with('a table function', {}).type(arg));
    return typer.hooks.tableFunction(node, args);
  }
  const { args, type } = typeArguments(typer, node, fn);
  return { kind: 'call', fn: name, args, type };
}

/** A word such as HOUR is a unit where the function takes one, and a column elsewhere. */
function withColumns(node: CallNode): CallNode {
  if (!node.args.some(({ kind }) => kind === 'unit')) return node;
  const fn = findFunction(node.name.text);
  const takesUnit = (i: number): boolean =>
    fn !== undefined && fn.overloads.some(({ params }) => params[i]?.type.kind === 'unit');
  return {
    ...node,
    args: node.args.map((arg, i) =>
      arg.kind === 'unit' && !takesUnit(i)
        ? { kind: 'column', qualifier: undefined, name: { text: arg.unit, span: arg.span }, span: arg.span }
        : arg,
    ),
  };
}

const isWindowFunction = (name: string): boolean =>
  findOverFunction(name) !== undefined || (findImpossible(name) !== undefined && findFunction(name) === undefined);

function typeWindowCall(typer: ExpressionTyper, node: CallNode): BoundExpr {
  const name = node.name.text;
  const impossible = findImpossible(name);
  if (impossible !== undefined) throw new SqlError('CALL_INVALID', node.name.span, impossible);
  if (node.over === undefined)
    throw new SqlError('OVER_INVALID', node.span, {
      why: `${name} needs OVER`,
      hint: `Write ${printExpression(node)} OVER (PARTITION BY key ORDER BY time).`,
    });
  if (typer.hooks.over === undefined)
    throw new SqlError('OVER_INVALID', node.span, {
      why: `a window function cannot stand in ${typer.place === 'SELECT' ? 'a query that groups its rows' : typer.place}`,
      hint: `Name it in a subquery: … FROM (SELECT *, ${name}(…) OVER (…) AS x FROM …) AS t.`,
    });
  return typer.hooks.over(node, typer);
}

/** Chooses the overload and types the arguments. Lambdas come last, because their types depend on the other arguments. */
function typeArguments(
  typer: ExpressionTyper,
  node: CallNode,
  fn: ScalarFunction,
): { args: BoundExpr[]; type: SqlType } {
  const early = withTimes(
    node,
    fn,
    node.args.map((arg) => (arg.kind === 'lambda' || isEmpty(arg) ? undefined : typer.type(arg))),
  );
  const resolution = resolveCall(
    node,
    fn,
    early.map((expr, i) => lambdaOr(node.args[i]!, expr)),
  );
  const { bindings, params } = resolution;
  const args = early.map((expr, i) => {
    const param = params[i]!;
    if (expr !== undefined) return convert(expr, param, bindings);
    const arg = node.args[i]!;
    if (isEmpty(arg)) return emptyOfKnown(arg, substitute(param.type, bindings));
    return typeLambdaArgument(typer, node.args[i] as Extract<ExpressionNode, { kind: 'lambda' }>, param.type, bindings);
  });
  checkLiterals(node, fn, resolution, args);
  return { args, type: resultType(resolution, args) };
}

/** A record's time or a window's bound, which are milliseconds, is a timestamp to a function that takes no milliseconds. */
function withTimes(
  { args }: CallNode,
  fn: ScalarFunction,
  given: readonly (BoundExpr | undefined)[],
): readonly (BoundExpr | undefined)[] {
  const resolves = (exprs: typeof given): boolean =>
    resolveOverload(
      fn.overloads,
      exprs.map((expr, i) => lambdaOr(args[i]!, expr)),
    ) !== undefined;
  const times = given.map((expr) => expr && (asTime(expr) ?? expr));
  const hasTimes = times.some((expr, i) => expr !== given[i]);
  return hasTimes && !resolves(given) && resolves(times) ? times : given;
}

function checkLiterals(
  node: CallNode,
  { name }: ScalarFunction,
  { params, overload: { literalChecks } }: Resolution<ScalarOverload>,
  args: readonly BoundExpr[],
): void {
  if (literalChecks === undefined) return;
  args.forEach((arg, i) => {
    if (!isStringLiteral(arg)) return;
    const text = literalValue(arg as Extract<BoundExpr, { kind: 'literal' }>) as string;
    const why = literalChecks[params[i]!.name]?.(text);
    if (why !== undefined)
      throw new SqlError('LITERAL_ARGUMENT', node.args[i]!.span, { name, parameter: params[i]!.name, text, why });
  });
}

function lambdaOr(node: ExpressionNode, expr: BoundExpr | undefined): ArgumentType {
  if (isEmpty(node)) return { kind: 'EMPTY', of: node.kind === 'array' ? 'ARRAY' : 'MAP' };
  if (expr === undefined)
    return { kind: 'LAMBDA', arity: (node as Extract<ExpressionNode, { kind: 'lambda' }>).params.length };
  return argumentType(expr);
}

export function resolveCall<O extends AnyOverload>(
  node: CallNode,
  fn: { readonly name: string; readonly overloads: readonly O[] },
  types: readonly ArgumentType[],
): Resolution<O> {
  const resolution = resolveOverload(fn.overloads, types);
  if (resolution === undefined) {
    for (const arg of node.args) if (isEmpty(arg)) emptyOfKnown(arg, undefined);
    throw new SqlError('FUNCTION_ARGUMENTS', node.span, {
      name: fn.name,
      types: types.map(argumentText).join(', '),
      overloads: fn.overloads.map((overload) => signatureText(fn.name, overload)),
    });
  }
  // Ambiguous: an untyped argument also fits an overload with other parameters.
  const alike = (overload: O): boolean => sameData(overload.params, resolution.overload.params);
  const isOpen = types.length > 0 && types.every((type) => type === null);
  if (isOpen && fn.overloads.some((overload) => !alike(overload) && resolveOverload([overload], types) !== undefined))
    throw new SqlError('FUNCTION_AMBIGUOUS', node.span, {
      name: fn.name,
      types: types.map(argumentText).join(', '),
    });
  return resolution;
}

function convert(expr: BoundExpr, param: Param, bindings: Bindings): BoundExpr {
  if (expr.kind === 'unit') return expr;
  if (isNull(expr)) return cast(expr, substitute(param.type, bindings) ?? STRING);
  const target = targetType(param.type, expr.type, bindings);
  if (target === undefined) return expr;
  return param.constant && expr.kind === 'literal' ? castLiteral(expr, target) : cast(expr, target);
}

/** What must be a literal is one still when it has its parameter's type. */
function castLiteral(expr: Extract<BoundExpr, { kind: 'literal' }>, target: SqlType): BoundExpr {
  const value = castBetween(expr.type, target)?.(expr.value);
  return value === undefined ? cast(expr, target) : literal(target, value);
}

function typeLambdaArgument(
  typer: ExpressionTyper,
  node: Extract<ExpressionNode, { kind: 'lambda' }>,
  param: ParamType,
  bindings: Bindings,
): BoundExpr {
  if (param.kind !== 'lambda') throw new SqlError('LAMBDA_MISPLACED', node.span, {});
  const types = param.params.map((type) => substitute(type, bindings));
  if (types.some((type) => type === undefined)) throw new SqlError('LAMBDA_MISPLACED', node.span, {});
  const lambda = typer.typeLambda(node, types as SqlType[]);
  if (param.returns.kind === 'generic' && !bindings.has(param.returns.name))
    bindings.set(param.returns.name, lambda.type);
  const wanted = substitute(param.returns, bindings);
  if (wanted !== undefined && lambda.kind === 'lambda') {
    if (wanted.kind !== lambda.body.type.kind && !isNull(lambda.body)) {
      if (wanted.kind === 'BOOLEAN')
        throw new SqlError('NOT_BOOLEAN', node.body.span, { what: 'the lambda', type: lambda.type.kind });
      if (castBetween(lambda.body.type, wanted) === undefined)
        throw new SqlError('LAMBDA_RESULT', node.body.span, {
          type: typeText(lambda.body.type),
          wanted: typeText(wanted),
        });
      return { ...lambda, body: cast(lambda.body, wanted), type: wanted };
    }
    if (isNull(lambda.body)) return { ...lambda, body: cast(lambda.body, wanted), type: wanted };
  }
  return lambda;
}

/** The result type of a resolved call. */
export function resultType(resolution: Resolution<AnyOverload>, args: readonly BoundExpr[]): SqlType {
  const { returns } = resolution.overload;
  if (typeof returns === 'function')
    return returns(
      args.map((arg) => (arg.kind === 'lambda' || isNull(arg) ? null : arg.type)),
      resolution.bindings,
    );
  const type = substitute(returns, resolution.bindings);
  if (type !== undefined) return type;
  // A generic type bound only by NULL arguments becomes STRING, as ksqlDB treats an untyped NULL.
  if (returns.kind === 'generic' || returns.kind === 'anyDecimal') return STRING;
  if (returns.kind === 'array') return { kind: 'ARRAY', element: STRING };
  throw new InternalError('a result type has a free generic');
}

/** The arguments of an aggregate or table function, cast to the types of its parameters. */
export function convertArguments(args: readonly BoundExpr[], resolution: Resolution<AnyOverload>): BoundExpr[] {
  return args.map((arg, i) => convert(arg, resolution.params[i]!, resolution.bindings));
}
