import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** EXPLAIN of a running query's id. (EXPLAIN of a statement is split off before parsing.) */
export const explain: StatementRule = {
  name: 'explain',
  starts: ['EXPLAIN'],
  rule: ($, r) => {
    $.consume(0, kw('EXPLAIN'));
    $.subrule(0, r.name);
  },
};
