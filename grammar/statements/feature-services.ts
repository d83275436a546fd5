import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** The features that a model takes: of views, and what is computed from them and from columns of the request. */
export const createFeatureService: StatementRule = {
  name: 'createFeatureService',
  starts: ['CREATE [OR] [REPLACE] FEATURE SERVICE'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('SERVICE'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.option(2, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(0, t.StringLiteral);
    });
    $.option(3, () => $.subrule(0, r.properties));
    $.option(4, () => {
      $.consume(0, kw('REQUEST'));
      $.subrule(0, r.elements);
    });
    $.consume(0, kw('FEATURES'));
    $.consume(0, t.LeftParen);
    $.subrule(0, r.selectItem);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, r.selectItem);
    });
    $.consume(0, t.RightParen);
  },
};

export const dropFeatureService: StatementRule = {
  name: 'dropFeatureService',
  starts: ['DROP FEATURE SERVICE'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('SERVICE'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
  },
};
