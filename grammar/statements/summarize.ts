import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** A row of facts for each column of a stream or table. */
export const summarize: StatementRule = {
  name: 'summarize',
  starts: ['SUMMARIZE'],
  rule: ($, r) => {
    $.consume(0, kw('SUMMARIZE'));
    $.subrule(0, r.name);
  },
};
