import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const createFeatureView: StatementRule = {
  name: 'createFeatureView',
  starts: ['CREATE [OR] [REPLACE] FEATURE VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.consume(0, kw('ENTITY'));
    $.consume(0, kw('KEY'));
    $.consume(0, t.LeftParen);
    $.subrule(1, r.name);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(2, r.name);
    });
    $.consume(0, t.RightParen);
    $.option(2, () => {
      $.consume(0, kw('TIMESTAMP'));
      $.subrule(3, r.name);
    });
    $.option(3, () => {
      $.consume(0, kw('TTL'));
      $.subrule(0, r.duration);
    });
    $.option(4, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(0, t.StringLiteral);
    });
    $.option(5, () => $.subrule(0, r.properties));
    $.consume(0, kw('AS'));
    $.subrule(0, r.query);
  },
};
