import { columnsOf, type Expr } from '../../expressions/node.ts';
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

function reads(predicate: Expr, input: LogicalNode): boolean {
  const names = new Set(input.columns.map(({ name }) => name));
  return [...columnsOf([predicate])].every((name) => names.has(name));
}
