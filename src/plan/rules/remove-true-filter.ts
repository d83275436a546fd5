import type { LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/**
 * Removes a filter that is always true. A stream's filter also drops rows with a null value, so it is removed only where there
 * are none.
 */
export const removeTrueFilter: Rule = {
  name: 'remove-true-filter',
  apply: (node) =>
    node.kind === 'filter' &&
    !node.distinct &&
    node.shape === 'STREAM' &&
    givesValues.has(node.input.kind) &&
    node.predicate.kind === 'literal' &&
    node.predicate.value === true
      ? node.input
      : undefined,
};

/** Nodes that emit no stream rows with a null value. */
const givesValues: ReadonlySet<LogicalNode['kind']> = new Set<LogicalNode['kind']>([
  'join',
  'invoke',
  'over',
  'match',
  'filter',
]);
