import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** EXPLAIN of a running query's id; EXPLAIN of a statement is the word EXPLAIN before it. */
export const explain: StatementRule = {
  name: 'explain',
  starts: ['EXPLAIN'],
  rule: ($, r) => {
    $.consume(0, kw('EXPLAIN'));
    $.subrule(0, r.name);
  },
};
