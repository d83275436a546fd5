import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const createModel: StatementRule = {
  name: 'createModel',
  starts: ['CREATE [OR] [REPLACE] MODEL'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('MODEL'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.option(2, () => {
      $.consume(0, kw('INPUT'));
      $.subrule(0, r.elements);
    });
    $.option(3, () => {
      $.consume(0, kw('OUTPUT'));
      $.subrule(1, r.elements);
    });
    $.option(4, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(0, t.StringLiteral);
    });
    $.subrule(0, r.properties);
  },
};
