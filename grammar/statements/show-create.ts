import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** The statements that make a model as it is. */
export const showCreate: StatementRule = {
  name: 'showCreate',
  starts: ['SHOW CREATE MODEL'],
  rule: ($, r) => {
    $.consume(0, kw('SHOW'));
    $.consume(0, kw('CREATE'));
    $.consume(0, kw('MODEL'));
    $.subrule(0, r.name);
  },
};
