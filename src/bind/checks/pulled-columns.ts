import { SqlError } from '../../diagnostics/sql-error.ts';
import { columnsIn, type BoundExpr } from '../../expressions/node.ts';
import type { SelectContext } from '../context.ts';

/** ROWPARTITION and ROWOFFSET are known only while a record is processed: a pull query on stored rows cannot read them. */
export function checkPulledColumns(expr: BoundExpr, where: string, { query, options }: SelectContext): void {
  if (options.purpose !== 'pull') return;
  for (const { name } of columnsIn([expr]))
    if (name === 'ROWPARTITION' || name === 'ROWOFFSET')
      throw new SqlError('PULL_UNSUPPORTED', query.span, { what: `${name} in ${where}` });
}
