import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundRelation } from '../../bound/query.ts';
import type { Rows } from '../../bound/rows.ts';
import type { JoinNode } from '../../syntax/query.ts';

/** Windowed rows join only windowed rows of the same window size; sessions join only sessions. */
export function checkJoinWindows(
  clause: JoinNode,
  windowed: Rows['windowed'],
  first: BoundRelation,
  right: BoundRelation,
): void {
  const other = right.rows.windowed;
  if (windowed !== other && !(isRegular(windowed) && isRegular(other)))
    throw new SqlError('JOIN_WINDOWED', clause.span, {
      why: 'a windowed source can only be joined with one windowed alike',
    });
  if (windowed !== undefined && first.windowSizeMs !== right.windowSizeMs)
    throw new SqlError('WINDOWED_SOURCE', clause.span, { why: 'its windows differ from those it is joined with' });
}

/** Of these one that starts at a time is the other's too, when their sizes are equal. */
const isRegular = (type: Rows['windowed']): boolean => type === 'TUMBLING' || type === 'HOPPING';
