import { SqlError } from '../../diagnostics/sql-error.ts';
import { columnsIn, type BoundExpr } from '../../expressions/node.ts';
import type { SelectContext } from '../context.ts';

/** Where a row came from is known while it passes, and not of a row that is kept. */
export function checkPulledColumns(expr: BoundExpr, where: string, { query, options }: SelectContext): void {
  if (options.purpose !== 'pull') return;
  for (const { name } of columnsIn([expr]))
    if (name === 'ROWPARTITION' || name === 'ROWOFFSET')
      throw new SqlError('PULL_UNSUPPORTED', query.span, { what: `${name} in ${where}` });
}
