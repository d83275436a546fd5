import { findScalar } from '../functions/registry.ts';
import { evaluateConstant } from './compile.ts';
import { children, literal, mapChildren, type AnyColumn, type ExprOf } from './node.ts';

const foldable = new Set([
  'BOOLEAN',
  'INTEGER',
  'BIGINT',
  'DOUBLE',
  'DECIMAL',
  'STRING',
  'BYTES',
  'DATE',
  'TIME',
  'TIMESTAMP',
]);

/**
 * Replaces subexpressions without columns by their values. Volatile functions are kept. A subexpression that fails is kept too,
 * because it must fail for each row. `true AND x` becomes x, `false AND x` becomes false; OR accordingly.
 */
export function foldConstants<C extends AnyColumn>(expr: ExprOf<C>): ExprOf<C> {
  const folded = mapChildren(expr, (child) => foldConstants(child));
  if (folded.kind === 'logic') {
    const { left, right, op } = folded;
    if (left.kind === 'literal' && left.value !== null) return (op === 'AND') === left.value ? right : left;
    if (right.kind === 'literal' && right.value === (op === 'AND')) return left;
    return folded;
  }
  if (
    folded.kind === 'literal' ||
    folded.kind === 'unit' ||
    folded.kind === 'lambda' ||
    !foldable.has(folded.type.kind) ||
    !isConstant(folded)
  )
    return folded;
  const value = evaluateConstant(folded);
  if (value === undefined || value === null || (typeof value === 'number' && !Number.isFinite(value))) return folded;
  return literal(folded.type, value);
}

/** Whether an expression reads no column and gives the same value at each call. */
export function isConstant(expr: ExprOf<AnyColumn>): boolean {
  if (expr.kind === 'column' || expr.kind === 'lambdaVariable') return false;
  if (expr.kind === 'call' && (findScalar(expr.fn)?.volatile ?? true)) return false;
  return children(expr).every((child) => isConstant(child));
}
