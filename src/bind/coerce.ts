import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { timeOfMilliseconds } from '../functions/aliases.ts';
import { isNull, literal, literalValue, type BoundExpr } from '../expressions/node.ts';
import { castBetween, commonType } from '../types/casts.ts';
import { valueText } from '../types/text.ts';
import { EvaluationError } from '../types/numbers.ts';
import { parseTimestamp } from '../types/times.ts';
import { isNumeric, sameType, STRING, TIMESTAMP, typeText, type SqlType } from '../types/sql-type.ts';

export const isStringLiteral = (expr: BoundExpr): boolean =>
  expr.kind === 'literal' && expr.type.kind === 'STRING' && expr.value !== null;

/** Casts the expression, unless it has the type already. */
export function cast(expr: BoundExpr, type: SqlType): BoundExpr {
  if (isNull(expr)) return { kind: 'literal', type, value: null };
  return sameType(expr.type, type) ? expr : { kind: 'cast', operand: expr, type };
}

const timeKinds: readonly string[] = ['DATE', 'TIME', 'TIMESTAMP'] satisfies readonly SqlType['kind'][];

export const isTimeKind = (kind: string): kind is 'DATE' | 'TIME' | 'TIMESTAMP' => timeKinds.includes(kind);

/** Converts a string literal to another type at once, so that an invalid one is an error of the statement. */
export function readLiteral(expr: BoundExpr, type: SqlType, span: Span): BoundExpr {
  const text = String((expr as Extract<BoundExpr, { kind: 'literal' }>).value);
  const convert = castBetween(STRING, type);
  if (convert === undefined) throw new SqlError('LITERAL_CONVERSION', span, { text, type: typeText(type) });
  try {
    const value = convert(text);
    if (type.kind === 'BOOLEAN' && !/^(t(r(ue?)?)?|y(es?)?|f(a(l(se?)?)?)?|no?)$/i.test(text.trim()))
      throw new EvaluationError('no boolean');
    return literal(type, value);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new SqlError('LITERAL_CONVERSION', span, { text, type: typeText(type) });
  }
}

/** Operators that every type has; comparisons by order need an ordered type. */
const equalities = ['=', '<>', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM', 'IN', 'NOT IN'];

/** A comparison of these columns with a string reads the string as a timestamp. The names are reserved. */
const timeColumns: readonly string[] = ['ROWTIME', 'WINDOWSTART', 'WINDOWEND'];
const isTimeColumn = (expr: BoundExpr): boolean =>
  expr.kind === 'column' && expr.type.kind === 'BIGINT' && timeColumns.includes(expr.name);

/** The milliseconds of a record's time or of a window's bound as a timestamp; undefined for all else. */
export const asTime = (expr: BoundExpr): BoundExpr | undefined =>
  isTimeColumn(expr) ? { kind: 'call', fn: timeOfMilliseconds, args: [expr], type: TIMESTAMP } : undefined;

/** Casts the sides of a comparison to a common type, or refuses. */
export function comparable(
  left: BoundExpr,
  right: BoundExpr,
  op: string,
  spans: { left: Span; right: Span; whole: Span },
): [BoundExpr, BoundExpr] {
  if (isNull(left) || isNull(right)) throw new SqlError('COMPARE_WITH_NULL', spans.whole, {});
  const mismatch = (): never => {
    throw new SqlError('COMPARE_MISMATCH', spans.whole, { op, left: typeText(left.type), right: typeText(right.type) });
  };
  const [a, b] = [left.type, right.type];
  if (left.kind === 'column' && timeColumns.includes(left.name) && isStringLiteral(right))
    return [left, magicTime(right, spans.right)];
  if (right.kind === 'column' && timeColumns.includes(right.name) && isStringLiteral(left))
    return [magicTime(left, spans.left), right];
  if (isNumeric(a) && isNumeric(b)) return [left, right];
  if (timeKinds.includes(a.kind) && b.kind === 'STRING')
    return [left, isStringLiteral(right) ? readLiteral(right, a, spans.right) : cast(right, a)];
  if (timeKinds.includes(b.kind) && a.kind === 'STRING')
    return [isStringLiteral(left) ? readLiteral(left, b, spans.left) : cast(left, b), right];
  if (a.kind === 'DATE' && b.kind === 'TIMESTAMP') return [cast(left, b), right];
  if (a.kind === 'TIMESTAMP' && b.kind === 'DATE') return [left, cast(right, a)];
  if (a.kind !== b.kind) return mismatch();
  if (!equalities.includes(op) && ['BOOLEAN', 'ARRAY', 'MAP', 'STRUCT'].includes(a.kind)) return mismatch();
  if (['ARRAY', 'MAP', 'STRUCT'].includes(a.kind) && !sameType(a, b)) {
    const common = commonType(a, b);
    return common === undefined ? mismatch() : [cast(left, common), cast(right, common)];
  }
  return [left, right];
}

function magicTime(expr: BoundExpr, span: Span): BoundExpr {
  const text = String((expr as Extract<BoundExpr, { kind: 'literal' }>).value);
  try {
    return literal({ kind: 'BIGINT' }, parseTimestamp(text));
  } catch {
    throw new SqlError('LITERAL_CONVERSION', span, { text, type: 'TIMESTAMP' });
  }
}

/**
 * The common type of the elements of a constructor or an IN list: numbers widen, and string literals are read as the others'
 * type. The type is undefined when all elements are NULL.
 */
export function unify(
  given: readonly BoundExpr[],
  spans: readonly Span[],
  what: string,
): { exprs: BoundExpr[]; type: SqlType | undefined } {
  const exprs = withTexts(given);
  const typed = exprs.filter((expr) => !isNull(expr));
  const firm = typed.filter((expr) => !isStringLiteral(expr));
  const nonString = firm.find((expr) => expr.type.kind !== 'STRING');
  let type: SqlType | undefined;
  exprs.forEach((expr, i) => {
    if (isNull(expr) || (nonString !== undefined && isStringLiteral(expr) && convertsTo(nonString.type))) return;
    const next: SqlType | undefined =
      type === undefined ? expr.type : (commonType(type, expr.type) ?? viaString(type, expr.type));
    if (next === undefined)
      throw new SqlError('NO_COMMON_TYPE', spans[i]!, { what, left: typeText(type!), right: typeText(expr.type) });
    type = next;
  });
  if (type === undefined) return { exprs: [...exprs], type: undefined };
  const target = widenForLiterals(type, exprs);
  return {
    type: target,
    exprs: exprs.map((expr, i) =>
      isStringLiteral(expr) && target.kind !== 'STRING' ? readLiteral(expr, target, spans[i]!) : cast(expr, target),
    ),
  };
}

/** Behind a text that is no literal, numbers and booleans that are literals become texts, as in ksqlDB. */
function withTexts(exprs: readonly BoundExpr[]): readonly BoundExpr[] {
  const first = exprs.find((expr) => !isNull(expr));
  if (first === undefined || first.type.kind !== 'STRING' || first.kind === 'literal') return exprs;
  return exprs.map((expr) =>
    expr.kind === 'literal' && !isNull(expr) && (isNumeric(expr.type) || expr.type.kind === 'BOOLEAN')
      ? literal(STRING, valueText(expr.type, literalValue(expr)))
      : expr,
  );
}

const viaString = (a: SqlType, b: SqlType): SqlType | undefined => {
  if (a.kind === 'STRING' && timeKinds.includes(b.kind)) return b;
  return b.kind === 'STRING' && timeKinds.includes(a.kind) ? a : undefined;
};
const convertsTo = (type: SqlType): boolean => castBetween(STRING, type) !== undefined && type.kind !== 'STRING';

/** Widens a number type to hold the string literals: '1.5' among integers makes it DECIMAL, as in ksqlDB. */
function widenForLiterals(type: SqlType, exprs: readonly BoundExpr[]): SqlType {
  let widest = type;
  if (!isNumeric(type)) return type;
  for (const expr of exprs) {
    if (!isStringLiteral(expr)) continue;
    const text = String(literalValue(expr as Extract<BoundExpr, { kind: 'literal' }>)).trim();
    const match = /^[+-]?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
    if (match === null) continue;
    // The exponent shifts the decimal point: 2e1 is DECIMAL(2, 0).
    const shift = Number(match[3] ?? 0);
    const scale = Math.max(0, (match[2]?.length ?? 0) - shift);
    const digits = Math.max(1, match[1]!.length + Math.max(shift, 0));
    const own: SqlType =
      scale > 0 || /[.eE]/.test(text)
        ? { kind: 'DECIMAL', precision: digits + scale, scale }
        : { kind: BigInt(match[1]!) > 2147483647n ? 'BIGINT' : 'INTEGER' };
    widest = commonType(widest, own) ?? widest;
  }
  return widest;
}
