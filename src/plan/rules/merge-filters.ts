import { conjunction } from '../../expressions/node.ts';
import type { Rule } from './rule.ts';

/** Merges two consecutive filters. Also correct for tables: both forms retract the same rows. */
export const mergeFilters: Rule = {
  name: 'merge-filters',
  apply: (node) => {
    if (node.kind !== 'filter' || node.input.kind !== 'filter' || node.shape !== 'STREAM') return undefined;
    return { ...node, input: node.input.input, predicate: conjunction([node.input.predicate, node.predicate]) };
  },
};
