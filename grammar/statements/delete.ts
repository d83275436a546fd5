import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const deleteRow: StatementRule = {
  name: 'deleteRow',
  starts: ['DELETE'],
  rule: ($, r) => {
    $.consume(0, kw('DELETE'));
    $.consume(0, kw('FROM'));
    $.subrule(0, r.name);
    $.consume(0, kw('WHERE'));
    $.subrule(0, r.expression);
  },
};
