import { compilePredicate, compileProjection, layoutOf, type Layout } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import type { PlanColumn } from '../../plan/logical/node.ts';
import type { Step } from '../../plan/physical/step.ts';
import type { Row } from '../change.ts';
import type { BuildContext } from './context.ts';

/** Where each column is in a row. */
export const layoutFor = (columns: readonly PlanColumn[]): Layout => layoutOf(columns.map(({ name }) => name));

/** A condition over the rows of a step; one that fails is reported, and false. */
export function predicate(expr: Expr, input: Step, context: BuildContext): (row: Row) => boolean {
  return compilePredicate(expr, layoutFor(input.columns), (error) => context.report(error, 'predicate'));
}
/** A row of expressions over another; one that fails is reported, and null. */
export function projection(
  exprs: readonly Expr[],
  columns: readonly PlanColumn[],
  context: BuildContext,
): (row: Row) => Row {
  return compileProjection(exprs, layoutFor(columns), (error, index) =>
    context.report(error, `expression ${index + 1}`),
  );
}
