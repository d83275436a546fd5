import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const createType: StatementRule = {
  name: 'createType',
  starts: ['CREATE TYPE'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.consume(0, kw('TYPE'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.consume(0, kw('AS'));
    $.subrule(0, r.type);
  },
};
export const dropType: StatementRule = {
  name: 'dropType',
  starts: ['DROP TYPE'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('TYPE'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
  },
};
