import { inputsOf, withInputs, type LogicalNode } from '../logical/node.ts';
import { eliminateRepartition } from './eliminate-repartition.ts';
import { foldConstants } from './fold-constants.ts';
import { mergeFilters } from './merge-filters.ts';
import { pruneColumns, pruneColumnsName } from './prune-columns.ts';
import { pushFilterBelowInvoke } from './push-filter-below-invoke.ts';
import { pushFilterIntoJoin } from './push-filter-into-join.ts';
import { removeTrueFilter } from './remove-true-filter.ts';
import type { Rule } from './rule.ts';

/** The rewrites in their order; each is tried at every node until none changes anything. */
export const rules: readonly Rule[] = [
  foldConstants,
  mergeFilters,
  removeTrueFilter,
  pushFilterBelowInvoke,
  pushFilterIntoJoin,
  eliminateRepartition,
];

export interface Optimized {
  readonly plan: LogicalNode;
  /** The names of the rules that changed something, in the order of their first change. */
  readonly fired: readonly string[];
}

const maximumPasses = 50;

/** Rewrites a plan to a fixed point, then drops the columns that nobody reads. */
export function optimize(root: LogicalNode, active: readonly Rule[] = rules): Optimized {
  const fired: string[] = [];
  let plan = root;
  for (let pass = 0; pass < maximumPasses; pass++) {
    const before = plan;
    for (const rule of active) {
      const after = rewrite(plan, rule);
      if (after !== plan && !fired.includes(rule.name)) fired.push(rule.name);
      plan = after;
    }
    if (plan === before) break;
  }
  const pruned = pruneColumns(plan);
  if (pruned !== plan) fired.push(pruneColumnsName);
  return { plan: pruned, fired };
}

function rewrite(node: LogicalNode, rule: Rule): LogicalNode {
  const before = inputsOf(node);
  const after = before.map((input) => rewrite(input, rule));
  const rebuilt = after.some((input, i) => input !== before[i]) ? withInputs(node, after) : node;
  return rule.apply(rebuilt) ?? rebuilt;
}
