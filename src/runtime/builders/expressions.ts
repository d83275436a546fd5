import type { Row } from '../../types/sql-type.ts';
import { compilePredicate, compileProjection } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { BuildContext } from './context.ts';

/** A condition over the rows of a step's input; one that fails is reported, and false. */
export function predicate(expr: Expr, context: BuildContext): (row: Row) => boolean {
  return compilePredicate(expr, (error) => context.report(error, 'predicate'));
}
/** A row of expressions over another; one that fails is reported, and null. */
export function projection(exprs: readonly Expr[], context: BuildContext): (row: Row) => Row {
  return compileProjection(exprs, (error, index) => context.report(error, `expression ${index + 1}`));
}
