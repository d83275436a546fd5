import { mapChildren, type BoundExpr } from '../expressions/node.ts';
import { sameExpr } from '../expressions/same.ts';

/** An expression and the column that holds its value in later rows. */
export interface Replacement {
  readonly expr: BoundExpr;
  readonly by: BoundExpr;
}

/** Replaces every subexpression that equals one of the expressions by its column. */
export function replace(expr: BoundExpr, replacements: readonly Replacement[]): BoundExpr {
  if (replacements.length === 0) return expr;
  const match = replacements.find((replacement) => sameExpr(replacement.expr, expr));
  return match === undefined ? mapChildren(expr, (child) => replace(child, replacements)) : match.by;
}
