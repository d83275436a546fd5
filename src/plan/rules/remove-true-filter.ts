import type { Rule } from './rule.ts';

/** A filter that is always true does nothing to a stream but drop rows without a value, so it goes only where rows have one. */
export const removeTrueFilter: Rule = {
  name: 'remove-true-filter',
  apply: (node) =>
    node.kind === 'filter' &&
    node.input.kind === 'over' &&
    node.predicate.kind === 'literal' &&
    node.predicate.value === true
      ? node.input
      : undefined,
};
