import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const dropModel: StatementRule = {
  name: 'dropModel',
  starts: ['DROP MODEL'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('MODEL'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.option(1, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, r.version);
    });
  },
};
