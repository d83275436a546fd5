import { idsIn, type BoundExpr } from '../../expressions/node.ts';
import { idsOf } from '../../bound/rows.ts';
import { filter } from '../logical/build.ts';
import type { LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/** A condition on columns that were there before a repartition is tested before it. */
export const pushFilterBelowRekey: Rule = {
  name: 'push-filter-below-rekey',
  apply: (node) => {
    if (
      node.kind !== 'filter' ||
      node.input.kind !== 'rekey' ||
      node.shape !== 'STREAM' ||
      !reads(node.predicate, node.input.input)
    )
      return undefined;
    return { ...node.input, input: filter(node.input.input, node.predicate) };
  },
};

function reads(predicate: BoundExpr, input: LogicalNode): boolean {
  const known = idsOf(input.columns);
  return [...idsIn([predicate])].every((id) => known.has(id));
}
