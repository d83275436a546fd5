import type { LogicalNode } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/** A filter that is always true does nothing to a stream but drop rows without a value, so it goes only where rows have one. */
export const removeTrueFilter: Rule = {
  name: 'remove-true-filter',
  apply: (node) =>
    node.kind === 'filter' &&
    node.shape === 'STREAM' &&
    givesValues.has(node.input.kind) &&
    node.predicate.kind === 'literal' &&
    node.predicate.value === true
      ? node.input
      : undefined,
};

/** What gives no row of a stream without a value. */
const givesValues: ReadonlySet<LogicalNode['kind']> = new Set<LogicalNode['kind']>([
  'join',
  'invoke',
  'over',
  'filter',
]);
