import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { isNull, literal, type BoundExpr } from '../expressions/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { castBetween } from '../types/casts.ts';
import { parseDecimal } from '../types/decimals.ts';
import { canonical } from '../types/numbers.ts';
import { BIGINT, BOOLEAN, isNumeric, sameType, STRING, type SqlType } from '../types/sql-type.ts';
import { cast, comparable, isStringLiteral, readLiteral } from './coerce.ts';
import type { ExpressionTyper } from './typing.ts';

/** IN over a list: each item is cast to the operand's type, string literals and constructors included. */
export function typeIn(typer: ExpressionTyper, node: Extract<ExpressionNode, { kind: 'in' }>): BoundExpr {
  const operand = typer.type(node.operand);
  const items = node.items
    .map((item) => ({ expr: typer.type(item), span: item.span }))
    .filter(({ expr }) => !isNull(expr));
  // A struct with fields that the operand does not have is never equal to it.
  const possible = items.filter(({ expr }) => !hasOtherFields(expr, operand.type));
  const typed = possible.map(({ expr, span }) => {
    if (isStringLiteral(expr) && operand.type.kind !== 'STRING')
      return [operand, readForIn(expr, operand.type, span)] as const;
    if (operand.type.kind === 'STRING' && expr.kind === 'literal' && expr.type.kind !== 'STRING') {
      const toText = castBetween(expr.type, STRING);
      if (toText !== undefined && (isNumeric(expr.type) || expr.type.kind === 'BOOLEAN'))
        return [operand, cast(expr, STRING)] as const;
    }
    if (sameType(operand.type, expr.type)) return [operand, expr] as const;
    const shaped = shapedLike(expr, operand.type, span);
    if (shaped !== undefined) return [operand, shaped] as const;
    return comparable(operand, expr, 'IN', { left: node.operand.span, right: span, whole: span });
  });
  const result: BoundExpr = {
    kind: 'in',
    operand: typed[0]?.[0] ?? operand,
    items: typed.map(([, item]) => item),
    type: BOOLEAN,
  };
  if (isNull(operand)) throw new SqlError('COMPARE_WITH_NULL', node.operand.span, {});
  return node.negated ? { kind: 'not', operand: result, type: BOOLEAN } : result;
}

function hasOtherFields(expr: BoundExpr, type: SqlType): boolean {
  if (expr.kind !== 'struct' || type.kind !== 'STRUCT' || expr.type.kind !== 'STRUCT') return false;
  return expr.type.fields.some(({ name }) => !type.fields.some((field) => field.name === name));
}

/**
 * Reads a constructor as a given type: string literals are converted, struct fields are matched by name, and missing fields are
 * NULL. Undefined when the constructor does not fit the type.
 */
function shapedLike(expr: BoundExpr, type: SqlType, span: Span): BoundExpr | undefined {
  if (isNull(expr)) return { kind: 'literal', type, value: null };
  if (sameType(expr.type, type)) return expr;
  if (isStringLiteral(expr)) return readLiteral(expr, type, span);
  if (expr.kind === 'array' && type.kind === 'ARRAY') {
    const items = expr.items.map((item) => shapedLike(item, type.element, span));
    return items.includes(undefined) ? undefined : { ...expr, items: items as BoundExpr[], type };
  }
  if (expr.kind === 'struct' && type.kind === 'STRUCT') {
    const own = (expr.type as Extract<SqlType, { kind: 'STRUCT' }>).fields;
    if (own.some(({ name }) => !type.fields.some((field) => field.name === name))) return undefined;
    const fields = type.fields.map((field): BoundExpr | undefined => {
      const at = own.findIndex(({ name }) => name === field.name);
      return at < 0
        ? { kind: 'literal', type: field.type, value: null }
        : shapedLike(expr.fields[at]!, field.type, span);
    });
    return fields.includes(undefined) ? undefined : { ...expr, fields: fields as BoundExpr[], type };
  }
  const kinds = ['INTEGER', 'BIGINT', 'DECIMAL', 'DOUBLE'];
  return kinds.includes(expr.type.kind) && kinds.indexOf(expr.type.kind) <= kinds.indexOf(type.kind)
    ? cast(expr, type)
    : undefined;
}

function readForIn(expr: BoundExpr, type: SqlType, span: Span): BoundExpr {
  if (type.kind !== 'INTEGER' && type.kind !== 'BIGINT') return readLiteral(expr, type, span);
  const text = String((expr as Extract<BoundExpr, { kind: 'literal' }>).value).trim();
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new SqlError('LITERAL_CONVERSION', span, { text, type: type.kind });
  if (parsed.scale === 0) return readLiteral(expr, BIGINT, span);
  return literal(
    { kind: 'DECIMAL', precision: Math.max(parsed.unscaled.toString().length, parsed.scale), scale: parsed.scale },
    canonical(parsed.unscaled),
  );
}
