import { sameType } from '../types/sql-type.ts';
import { children, type Expr } from './node.ts';

/** Whether two expressions are the same tree: the same kinds, operators, names, literals and types, in the same places. */
export function sameExpr(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || !sameType(a.type, b.type)) return false;
  return sameParts(facts(a), facts(b)) && sameExprs(children(a), children(b));
}

/** The same of two lists, place by place. */
export function sameExprs(a: readonly Expr[], b: readonly Expr[]): boolean {
  return a.length === b.length && a.every((expr, i) => sameExpr(expr, b[i]!));
}

/** A column is known by its id in a bound query, by its slot in a step, and by its name where it has neither. */
interface ColumnIdentity {
  readonly id?: unknown;
  readonly slot?: unknown;
  readonly name?: unknown;
}
function identityOf({ id, slot, name }: ColumnIdentity): readonly unknown[] {
  if (id !== undefined) return ['id', id];
  return slot !== undefined ? ['slot', slot] : ['name', name];
}

const sameParts = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);

/** What a node says beside its type and its operands. */
function facts(expr: Expr): readonly unknown[] {
  switch (expr.kind) {
    case 'literal':
      return [expr.value, expr.typed];
    case 'column':
      return identityOf(expr);
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
      return [expr.escape];
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
    case 'cast':
    case 'subscript':
    case 'array':
    case 'map':
    case 'struct':
      return [];
  }
}
