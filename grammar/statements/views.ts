import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const createView: StatementRule = {
  name: 'createView',
  starts: ['CREATE [OR] [REPLACE] VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('VIEW'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.consume(0, kw('AS'));
    $.subrule(0, r.query);
  },
};
export const dropView: StatementRule = {
  name: 'dropView',
  starts: ['DROP VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('VIEW'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.option(1, () => $.consume(0, kw('CASCADE')));
  },
};
