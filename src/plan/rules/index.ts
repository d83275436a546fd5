import { inputsOf, withInputs, type LogicalNode } from '../logical/node.ts';
import { eliminateRepartition } from './eliminate-repartition.ts';
import { foldConstants } from './fold-constants.ts';
import { mergeFilters } from './merge-filters.ts';
import { nearest, nearestName, type FirstRows } from './nearest.ts';
import { pruneColumns, pruneColumnsName } from './prune-columns.ts';
import { pushFilterBelowInvoke } from './push-filter-below-invoke.ts';
import { pushFilterIntoJoin } from './push-filter-into-join.ts';
import { rankLimit } from './rank-limit.ts';
import { removeTrueFilter } from './remove-true-filter.ts';
import type { Rule } from './rule.ts';

/** The rules in order; each is tried at every node, repeatedly, until none changes the plan. */
export const rules: readonly Rule[] = [
  foldConstants,
  mergeFilters,
  removeTrueFilter,
  pushFilterBelowInvoke,
  pushFilterIntoJoin,
  eliminateRepartition,
  rankLimit,
];

export interface Optimized {
  readonly plan: LogicalNode;
  /** The names of the rules that changed something, in order of their first change. */
  readonly fired: readonly string[];
}

const maximumPasses = 50;

/**
 * Applies the rules until the plan no longer changes, then removes the columns that nothing reads. `first`: which rows are wanted of
 * those of a pull query.
 */
export function optimize(root: LogicalNode, active: readonly Rule[] = rules, first?: FirstRows): Optimized {
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
  const wanted = first === undefined ? pruned : nearest(pruned, first);
  if (wanted !== pruned) fired.push(nearestName);
  return { plan: wanted, fired };
}

function rewrite(node: LogicalNode, rule: Rule): LogicalNode {
  const before = inputsOf(node);
  const after = before.map((input) => rewrite(input, rule));
  const rebuilt = after.some((input, i) => input !== before[i]) ? withInputs(node, after) : node;
  return rule.apply(rebuilt) ?? rebuilt;
}
