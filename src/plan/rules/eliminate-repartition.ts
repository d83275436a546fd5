import { isKeyedBy } from '../logical/node.ts';
import type { Rule } from './rule.ts';

/** Removes the rekey of a stream by the single key that it already has. */
export const eliminateRepartition: Rule = {
  name: 'eliminate-repartition',
  apply: (node) => {
    if (node.kind !== 'rekey' || node.keys.length !== 1) return undefined;
    const [key] = node.keys;
    return isKeyedBy(node.input, [key!.expr]) ? node.input : undefined;
  },
};
