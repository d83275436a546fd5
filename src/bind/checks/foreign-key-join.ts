import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Rows } from '../../bound/rows.ts';
import type { JoinNode } from '../../syntax/query.ts';
import type { Relation } from '../context.ts';

/** A foreign-key join cannot be RIGHT or FULL: the result has the left table's key, so a right row without a match has none. */
export function checkForeignKeyJoin(clause: JoinNode, left: Rows, right: Relation): void {
  const refuse = (why: string, fix: string): never => {
    throw new SqlError('FOREIGN_KEY_JOIN', clause.span, { why, fix });
  };
  if (clause.kind === 'RIGHT' || clause.kind === 'FULL')
    refuse(
      `${clause.kind === 'RIGHT' ? 'a right' : 'a full'} join on a foreign key has no key for the rows of "${right.scope.name}" alone`,
      'Use INNER or LEFT JOIN, or put the other table first.',
    );
  if (left.windowed !== undefined || right.bound.rows.windowed !== undefined)
    refuse('a windowed table cannot be joined on a foreign key', 'Join tables without windows.');
}
