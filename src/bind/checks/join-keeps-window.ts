import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { areColumns, keysOf, type Rows } from '../../bound/rows.ts';
import type { BoundExpr } from '../../expressions/node.ts';

/** A windowed stream must be joined by its key: rekeying it would lose the window bounds in the key. */
export function checkJoinKeepsWindow(rows: Rows, keys: readonly BoundExpr[], span: Span): void {
  if (rows.shape === 'TABLE' || rows.windowed === undefined || areColumns(keys, keysOf(rows.columns))) return;
  throw new SqlError('WINDOWED_SOURCE', span, { why: 'a join by another column than its key would lose the window' });
}
