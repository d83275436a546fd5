import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundRelation } from '../../bound/query.ts';
import type { Rows } from '../../bound/rows.ts';
import type { JoinNode } from '../../syntax/query.ts';

/** Windowed rows meet only such of windows alike. */
export function checkJoinWindows(
  clause: JoinNode,
  windowed: Rows['windowed'],
  first: BoundRelation,
  right: BoundRelation,
): void {
  const other = right.rows.windowed;
  if (
    windowed !== other &&
    (windowed === undefined || other === undefined || windowed === 'SESSION' || other === 'SESSION')
  )
    throw new SqlError('JOIN_WINDOWED', clause.span, {
      why: 'a windowed source can only be joined with one windowed alike',
    });
  if (windowed !== undefined && first.windowSizeMs !== right.windowSizeMs)
    throw new SqlError('WINDOWED_SOURCE', clause.span, { why: 'its windows differ from those it is joined with' });
}
