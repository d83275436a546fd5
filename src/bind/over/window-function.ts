import type { BoundOverCall } from '../../bound/query.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { foldConstants } from '../../expressions/fold.ts';
import { isNull, type BoundColumn, type BoundExpr } from '../../expressions/node.ts';
import type { OverFunction, OverParam } from '../../functions/over/define.ts';
import type { OverFrame } from '../../specs/window.ts';
import type { CallNode, ExpressionNode, OverNode } from '../../syntax/expressions.ts';
import { printExpression } from '../../syntax/print.ts';
import { BOOLEAN, isNumeric, sameType, typeText, type SqlType } from '../../types/sql-type.ts';
import { cast, isStringLiteral, readLiteral } from '../coerce.ts';
import type { ExpressionTyper } from '../typing.ts';
import { checkTiledCall } from './tile.ts';

/** Binds a call of a function that exists only with OVER. */
export function bindWindowFunction(
  node: CallNode,
  fn: OverFunction,
  spec: OverNode,
  frame: OverFrame,
  typer: ExpressionTyper,
): Omit<BoundOverCall, 'id' | 'name'> {
  checkParts(node, fn, spec);
  checkTiledCall(node, spec, fn.fitsTiles);
  if (node.star || node.args.length < fn.required || node.args.length > fn.params.length)
    throw new SqlError('CALL_INVALID', node.span, {
      why: `${fn.name} does not take ${node.star ? '*' : `${node.args.length} argument${node.args.length === 1 ? '' : 's'}`}`,
      hint: `It takes ${fn.takes}.`,
    });
  const inner = typer.with('an argument of OVER', {});
  const args: BoundExpr[] = [];
  for (const [i, arg] of node.args.entries()) args.push(bindArgument(arg, fn, fn.params[i]!, args[0]?.type, inner));
  return {
    fn: fn.name,
    args,
    type: fn.type ?? args[0]!.type,
    frame,
    filter: undefined,
    ignoreNulls: node.ignoreNulls !== undefined,
  };
}

function bindArgument(
  node: ExpressionNode,
  fn: OverFunction,
  param: OverParam,
  valueType: SqlType | undefined,
  typer: ExpressionTyper,
): BoundExpr {
  const refuse = (why: string, hint = `It takes ${fn.takes}.`): never => {
    throw new SqlError('CALL_INVALID', node.span, { why: `${fn.name}: ${why}`, hint });
  };
  const expr = typer.type(node);
  if (param.kind === 'value') {
    if (isNull(expr)) throw new SqlError('NULL_OPERAND', node.span, { operation: fn.name });
    return expr;
  }
  if (param.kind === 'rows') {
    const value = expr.kind === 'literal' && expr.type.kind === 'INTEGER' ? Number(expr.value) : Number.NaN;
    return value >= param.least ? expr : refuse('its number is a literal');
  }
  return bindDefault(expr, valueType!, node, refuse);
}

/** Binds the default of LAG: a constant that converts to the value's type without loss. */
function bindDefault(
  expr: BoundExpr,
  type: SqlType,
  { span }: ExpressionNode,
  refuse: (why: string, hint: string) => never,
): BoundExpr {
  if (isNull(expr)) return cast(expr, type);
  if (isStringLiteral(expr) && type.kind !== 'STRING') return readLiteral(expr, type, span);
  const isNumber = isNumeric(expr.type) && isNumeric(type);
  const constant = isNumber || sameType(expr.type, type) ? foldConstants(cast(expr, type)) : undefined;
  const isWhole = (folded: BoundExpr): boolean => {
    const same = foldConstants<BoundColumn>({ kind: 'compare', op: '=', left: expr, right: folded, type: BOOLEAN });
    return !isNumber || (same.kind === 'literal' && same.value === true);
  };
  if (constant !== undefined && constant.kind !== 'literal')
    return refuse('its default is one value for all rows', 'Write a constant here, or IFNULL around the call.');
  if (constant === undefined || !isWhole(constant))
    return refuse(
      `its default is no ${typeText(type)}, which its value is`,
      `Write ${typeText(type)} there, or CAST the value.`,
    );
  return constant;
}

/** Refuses the clauses of a call and of its window that do not apply to the function. */
function checkParts(node: CallNode, fn: OverFunction, { frame, exclude, maxSize, tile }: OverNode): void {
  const refuse = (span: CallNode['span'], why: string, hint: string): never => {
    throw new SqlError('CALL_INVALID', span, { why, hint });
  };
  if (node.filter !== undefined)
    refuse(
      node.filter.span,
      `${fn.name} takes the value of a row, and FILTER chooses what an aggregate takes`,
      fn.passesNulls
        ? `Write ${fn.name}(CASE WHEN ${printExpression(node.filter)} THEN ${node.args[0] === undefined ? '…' : printExpression(node.args[0])} END) IGNORE NULLS.`
        : `COUNT(*) can have it.`,
    );
  if (node.ignoreNulls !== undefined && !fn.passesNulls)
    refuse(node.ignoreNulls.span, `${fn.name} looks at no values`, 'Leave it out.');
  const extra = frame ?? exclude ?? maxSize ?? tile;
  if (!fn.seesFrame && extra !== undefined)
    refuse(
      extra.span,
      `${fn.name} is about rows of its partition, whatever the frame`,
      'Give it a window without a frame: OVER (PARTITION BY key ORDER BY time).',
    );
}
