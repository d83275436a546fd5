import type { Row } from '../../types/sql-type.ts';
import { compileExpression, compilePredicate, compileProjection } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { RankOrder } from '../../plan/physical/steps/rank.ts';
import { orderOf } from '../../types/compare.ts';
import type { SortParts } from '../operators/sort.ts';
import type { BuildContext } from './context.ts';

/** Compiles a condition over a step's input rows; a failure is reported and counts as false. */
export function predicate(expr: Expr, context: BuildContext): (row: Row) => boolean {
  return compilePredicate(expr, (error) => context.report(error, 'predicate'));
}
/** Compiles a list of expressions over a step's input rows; a failure is reported and gives NULL. */
export function projection(exprs: readonly Expr[], context: BuildContext): (row: Row) => Row {
  return compileProjection(exprs, (error, index) => context.report(error, `expression ${index + 1}`));
}
/** Compiles the keys of an ORDER BY over a step's input rows, and their orders; a failure is reported and gives NULL. */
export function sorting(orders: readonly RankOrder[], context: BuildContext): Pick<SortParts, 'sortKeys' | 'compare'> {
  return {
    sortKeys: orders.map(({ expr }) => compileExpression(expr, (error) => context.report(error, 'ORDER BY'))),
    compare: orders.map(({ expr, ...order }) => orderOf(expr.type, order)),
  };
}
