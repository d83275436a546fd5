import { conjunction, conjuncts, idsIn, type BoundExpr } from '../../expressions/node.ts';
import { idsOf } from '../../bound/rows.ts';
import { filter } from '../logical/build.ts';
import type { LogicalJoin, LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/**
 * Moves conditions on one side of a stream's join below the join. Valid where a dropped row has no other effect: on both sides
 * of an inner stream-stream join, and on the stream side of a stream-table join. Not for tables, which must retract rows, and not for
 * a join as of a time, whose stream time all rows move.
 */
export const pushFilterIntoJoin: Rule = {
  name: 'push-filter-into-join',
  apply: (node) => {
    if (node.kind !== 'filter' || node.input.kind !== 'join' || node.input.shape !== 'STREAM') return undefined;
    const join = node.input;
    if (join.versions !== undefined) return undefined;
    const parts = conjuncts(node.predicate);
    const left = parts.filter((part) => leftIsSafe(join) && reads(part, join.left));
    const right = parts.filter((part) => !left.includes(part) && rightIsSafe(join) && reads(part, join.right));
    if (left.length + right.length === 0) return undefined;
    const rest = parts.filter((part) => !left.includes(part) && !right.includes(part));
    const pushed: LogicalJoin = { ...join, left: below(join.left, left), right: below(join.right, right) };
    return rest.length === 0 ? pushed : { ...node, input: pushed, predicate: conjunction(rest) };
  },
};

const leftIsSafe = (join: LogicalJoin): boolean =>
  join.join === 'INNER' || (join.join === 'LEFT' && join.right.shape === 'TABLE');
const rightIsSafe = (join: LogicalJoin): boolean => join.join === 'INNER' && join.right.shape === 'STREAM';

function reads(part: BoundExpr, side: LogicalNode): boolean {
  const known = idsOf(side.columns);
  const used = [...idsIn([part])];
  return used.length > 0 && used.every((id) => known.has(id));
}

/** Puts the filter below the side's repartition, so that fewer records are written. */
function below(side: LogicalNode, parts: readonly BoundExpr[]): LogicalNode {
  if (parts.length === 0) return side;
  if (side.kind === 'rekey' && parts.every((part) => reads(part, side.input)))
    return { ...side, input: below(side.input, parts) };
  return filter(side, conjunction(parts));
}
