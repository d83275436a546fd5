import { SqlError } from '../diagnostics/sql-error.ts';
import { argumentType } from '../expressions/compile.ts';
import { isNull, type BoundExpr } from '../expressions/node.ts';
import { findOverFunction } from '../functions/over/index.ts';
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
import type { ScalarFunction, SqlFunction } from '../functions/define.ts';
import type { CallNode, ExpressionNode } from '../syntax/expressions.ts';
import { castBetween } from '../types/casts.ts';
import { STRING, typeText, type SqlType } from '../types/sql-type.ts';
import { InternalError } from '../util/internal-error.ts';
import { sameData } from '../util/same-data.ts';
import { cast } from './coerce.ts';
import type { ExpressionTyper } from './typing.ts';

type AnyOverload = SqlFunction['overloads'][number];

/** Types a call: a scalar one here, others through the hooks of the place where it stands. */
export function typeCall(typer: ExpressionTyper, node: CallNode): BoundExpr {
  const name = node.name.text;
  if (node.over !== undefined || findOverFunction(name) !== undefined) {
    if (node.over === undefined) throw new SqlError('OVER_INVALID', node.span, { why: `${name} needs OVER` });
    if (typer.hooks.over === undefined)
      throw new SqlError('OVER_INVALID', node.span, { why: `a window function cannot stand in ${typer.place}` });
    return typer.hooks.over(node, typer);
  }
  const found = findFunction(name);
  if (found === undefined)
    throw new SqlError('FUNCTION_NOT_FOUND', node.name.span, { name, suggestion: suggestedFunction(name) });
  if (found.kind === 'aggregate') {
    if (typer.hooks.aggregate === undefined) {
      // A name that does not exist is said first.
      for (const arg of node.args) if (arg.kind === 'column') typer.type(arg);
      const nested = typer.place === 'an aggregate function';
      throw nested
        ? new SqlError('AGGREGATE_NESTED', node.span, { name })
        : new SqlError('AGGREGATE_MISPLACED', node.span, { name, where: typer.place });
    }
    const args = node.args.map((arg) => typer.with('an aggregate function', {}).type(arg));
    return typer.hooks.aggregate(node, args);
  }
  if (found.kind === 'table') {
    if (typer.hooks.tableFunction === undefined)
      throw new SqlError('TABLE_FUNCTION_MISPLACED', node.span, { name, where: typer.place });
    const args = node.args.map((arg) => typer.with('a table function', {}).type(arg));
    return typer.hooks.tableFunction(node, args);
  }
  const { args, type } = typeArguments(typer, node, found);
  return { kind: 'call', fn: name, args, type };
}

/** Chooses the overload and types the arguments, lambdas after the others because their types follow from those. */
function typeArguments(
  typer: ExpressionTyper,
  node: CallNode,
  found: ScalarFunction,
): { args: BoundExpr[]; type: SqlType } {
  const early = node.args.map((arg) => (arg.kind === 'lambda' ? undefined : typer.type(arg)));
  const resolution = resolveCall(
    node,
    found,
    early.map((expr, i) => lambdaOr(node.args[i]!, expr)),
  );
  const { bindings, params } = resolution;
  const args = early.map((expr, i) => {
    const param = params[i]!;
    if (expr !== undefined) return convert(expr, param, bindings);
    return typeLambdaArgument(typer, node.args[i] as Extract<ExpressionNode, { kind: 'lambda' }>, param.type, bindings);
  });
  return { args, type: resultType(resolution, args) };
}

function lambdaOr(node: ExpressionNode, expr: BoundExpr | undefined): ArgumentType {
  if (expr === undefined)
    return { kind: 'LAMBDA', arity: (node as Extract<ExpressionNode, { kind: 'lambda' }>).params.length };
  return argumentType(expr);
}

export function resolveCall<O extends AnyOverload>(
  node: CallNode,
  found: { readonly name: string; readonly overloads: readonly O[] },
  types: readonly ArgumentType[],
): Resolution<O> {
  const resolution = resolveOverload(found.overloads, types);
  if (resolution === undefined) {
    throw new SqlError('FUNCTION_ARGUMENTS', node.span, {
      name: found.name,
      types: types.map(argumentText).join(', '),
      overloads: found.overloads.map((overload) => signatureText(found.name, overload)),
    });
  }
  // Nothing says which of several was meant.
  const alike = (each: O): boolean => sameData(each.params, resolution.overload.params);
  const isOpen = types.length > 0 && types.every((type) => type === null);
  if (isOpen && found.overloads.some((each) => !alike(each) && resolveOverload([each], types) !== undefined))
    throw new SqlError('FUNCTION_AMBIGUOUS', node.span, {
      name: found.name,
      types: types.map(argumentText).join(', '),
    });
  return resolution;
}

function convert(expr: BoundExpr, param: Param, bindings: Bindings): BoundExpr {
  if (expr.kind === 'unit') return expr;
  if (isNull(expr)) return cast(expr, substitute(param.type, bindings) ?? STRING);
  const target = targetType(param.type, expr.type, bindings);
  return target === undefined ? expr : cast(expr, target);
}

function typeLambdaArgument(
  typer: ExpressionTyper,
  node: Extract<ExpressionNode, { kind: 'lambda' }>,
  param: ParamType,
  bindings: Bindings,
): BoundExpr {
  if (param.kind !== 'lambda') throw new SqlError('LAMBDA_MISPLACED', node.span, {});
  const types = param.params.map((each) => substitute(each, bindings));
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

/** The type that a resolved call gives. */
export function resultType(resolution: Resolution<AnyOverload>, args: readonly BoundExpr[]): SqlType {
  const { returns } = resolution.overload;
  if (typeof returns === 'function')
    return returns(
      args.map((arg) => (arg.kind === 'lambda' || isNull(arg) ? null : arg.type)),
      resolution.bindings,
    );
  const type = substitute(returns, resolution.bindings);
  if (type !== undefined) return type;
  // A generic that only NULL arguments meet has no type to take: STRING, as ksqlDB reads an untyped null.
  if (returns.kind === 'generic' || returns.kind === 'anyDecimal') return STRING;
  if (returns.kind === 'array') return { kind: 'ARRAY', element: STRING };
  throw new InternalError('a result type has a free generic');
}

/** The arguments of an aggregate or table function, converted to its parameters. */
export function convertArguments(args: readonly BoundExpr[], resolution: Resolution<AnyOverload>): BoundExpr[] {
  return args.map((arg, i) => convert(arg, resolution.params[i]!, resolution.bindings));
}
