import { sameType } from '../types/sql-type.ts';
import { children, type AnyColumn, type ExprOf } from './node.ts';

/** Whether two expressions are the same tree: the same kinds, operators, names, literals and types, in the same places. */
export function sameExpr(a: ExprOf<AnyColumn>, b: ExprOf<AnyColumn>): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || !sameType(a.type, b.type)) return false;
  return sameParts(facts(a), facts(b)) && sameExprs(children(a), children(b));
}

/** Whether two lists hold the same expressions in the same order. */
export function sameExprs(a: readonly ExprOf<AnyColumn>[], b: readonly ExprOf<AnyColumn>[]): boolean {
  return a.length === b.length && a.every((expr, i) => sameExpr(expr, b[i]!));
}

const sameParts = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);

/** The properties of a node other than its type and operands. */
function facts(expr: ExprOf<AnyColumn>): readonly unknown[] {
  switch (expr.kind) {
    case 'literal':
      return [expr.value, expr.typed];
    case 'column':
      return 'id' in expr ? ['id', expr.id] : ['slot', expr.slot];
    case 'call':
      return [expr.fn];
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return [expr.op];
    case 'isNull':
    case 'distinct':
      return [expr.negated];
    case 'like':
      return [expr.escape, expr.ignoresCase];
    case 'cast':
      return [expr.isTry];
    case 'field':
      return [expr.field];
    case 'lambda':
      return expr.params;
    case 'lambdaVariable':
      return [expr.name];
    case 'unit':
      return [expr.unit];
    case 'case':
      return [expr.whens.length];
    case 'negate':
    case 'not':
    case 'in':
    case 'subscript':
    case 'array':
    case 'map':
    case 'struct':
      return [];
  }
}
