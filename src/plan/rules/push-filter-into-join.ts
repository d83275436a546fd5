import { conjunction, conjuncts, idsIn, type BoundExpr } from '../../expressions/node.ts';
import { idsOf } from '../../bound/rows.ts';
import { filter } from '../logical/build.ts';
import type { LogicalJoin, LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/**
 * Conditions on one side of a stream's join are tested before it. Legal where a row that fails would leave nothing behind: both
 * sides of an inner join of streams, the stream side of a join with a table. Tables keep their rows, since they retract.
 */
export const pushFilterIntoJoin: Rule = {
  name: 'push-filter-into-join',
  apply: (node) => {
    if (node.kind !== 'filter' || node.input.kind !== 'join' || node.input.shape !== 'STREAM') return undefined;
    const join = node.input;
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

/** Under the repartition of a side, so that fewer rows travel. */
function below(side: LogicalNode, parts: readonly BoundExpr[]): LogicalNode {
  if (parts.length === 0) return side;
  if (side.kind === 'rekey' && parts.every((part) => reads(part, side.input)))
    return { ...side, input: below(side.input, parts) };
  return filter(side, conjunction(parts));
}
