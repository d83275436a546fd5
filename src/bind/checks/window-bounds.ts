import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { columnsIn, type BoundExpr } from '../../expressions/node.ts';
import { isWindowBound } from '../../types/schema.ts';
import type { SelectContext } from '../context.ts';

/** The bounds of a query's own window can be read only above its aggregation. */
export function checkWindowBounds(
  exprs: readonly BoundExpr[],
  clause: string,
  span: Span,
  { query }: SelectContext,
): void {
  if (query.window === undefined) return;
  for (const { name } of columnsIn(exprs))
    if (isWindowBound(name)) throw new SqlError('WINDOW_BOUNDS_MISPLACED', span, { column: name, clause });
}
