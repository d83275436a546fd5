import { isPlaced, keysOf } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/** A stream re-keyed by the single key that it has already stays where it is. */
export const eliminateRepartition: Rule = {
  name: 'eliminate-repartition',
  apply: (node) => {
    if (node.kind !== 'rekey' || node.keys.length !== 1) return undefined;
    const keys = keysOf(node.input.columns);
    const [key] = node.keys;
    return keys.length === 1 &&
      isPlaced(node.input) &&
      key!.expr.kind === 'column' &&
      key!.expr.name === keys[0]!.name &&
      key!.name === keys[0]!.name
      ? node.input
      : undefined;
  },
};
