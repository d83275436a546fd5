import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { idsOf, type Rows } from '../../bound/rows.ts';
import { columnsIn, type BoundExpr } from '../../expressions/node.ts';
import { columnName } from '../../expressions/print.ts';

/** Above GROUP BY an expression may read only keys, aggregates and window bounds. */
export function checkGroupedColumns(expr: BoundExpr, rows: Rows, clause: string, span: Span): void {
  const left = idsOf(rows.columns);
  for (const column of columnsIn([expr]))
    if (!left.has(column.id)) throw new SqlError('NOT_GROUPED', span, { column: columnName(column), clause });
}
