import { SqlError } from '../../diagnostics/sql-error.ts';
import { areColumns, keysOf, type Rows } from '../../bound/rows.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { JoinNode } from '../../syntax/query.ts';
import type { Relation } from '../context.ts';

/** Which kinds of sources can be joined by which join, and where WITHIN is required or refused. */
export function checkJoinKind(
  clause: JoinNode,
  left: Rows,
  { bound, scope }: Relation,
  keys: readonly BoundExpr[],
): void {
  const right = bound.rows;
  const kinds = { kind: clause.kind, left: left.shape, right: right.shape };
  if (left.shape === 'STREAM' && right.shape === 'STREAM') {
    if (clause.within === undefined) throw new SqlError('JOIN_WITHIN_MISSING', clause.span, {});
    return;
  }
  if (clause.within !== undefined) throw new SqlError('JOIN_WITHIN_MISPLACED', clause.span, {});
  if (left.shape === 'TABLE' && right.shape === 'STREAM')
    throw new SqlError('JOIN_KIND', clause.span, { ...kinds, fix: 'Put the stream first: FROM stream JOIN table.' });
  if (left.shape === 'STREAM' && (clause.kind === 'RIGHT' || clause.kind === 'FULL'))
    throw new SqlError('JOIN_KIND', clause.span, {
      ...kinds,
      fix: 'A stream and a table can be joined by INNER or LEFT JOIN.',
    });
  if (!areColumns(keys, keysOf(right.columns)))
    throw new SqlError('JOIN_NOT_PRIMARY_KEY', clause.on.span, {
      key: keysOf(right.columns)
        .map(({ name }) => `${scope.alias}.${name}`)
        .join(', '),
    });
}
