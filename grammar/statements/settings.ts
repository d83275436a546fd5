import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const setProperty: StatementRule = {
  name: 'setProperty',
  starts: ['SET'],
  rule: ($) => {
    $.consume(0, kw('SET'));
    $.consume(0, t.StringLiteral);
    $.consume(0, t.Equal);
    $.consume(1, t.StringLiteral);
  },
};
export const unsetProperty: StatementRule = {
  name: 'unsetProperty',
  starts: ['UNSET'],
  rule: ($) => {
    $.consume(0, kw('UNSET'));
    $.consume(0, t.StringLiteral);
  },
};
export const define: StatementRule = {
  name: 'define',
  starts: ['DEFINE'],
  rule: ($, r) => {
    $.consume(0, kw('DEFINE'));
    $.subrule(0, r.name);
    $.consume(0, t.Equal);
    $.consume(0, t.StringLiteral);
  },
};
export const undefine: StatementRule = {
  name: 'undefine',
  starts: ['UNDEFINE'],
  rule: ($, r) => {
    $.consume(0, kw('UNDEFINE'));
    $.subrule(0, r.name);
  },
};
