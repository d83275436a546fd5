import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const createTrainingSet: StatementRule = {
  name: 'createTrainingSet',
  starts: ['CREATE [OR] [REPLACE] TRAINING SET'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('TRAINING'));
    $.consume(0, kw('SET'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.option(2, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(0, t.StringLiteral);
    });
    $.subrule(0, r.properties);
    $.consume(0, kw('AS'));
    $.subrule(0, r.query);
  },
};

export const dropTrainingSet: StatementRule = {
  name: 'dropTrainingSet',
  starts: ['DROP TRAINING SET'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('TRAINING'));
    $.consume(0, kw('SET'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
  },
};
