import type { StatementRule } from '../rule.ts';
import * as t from '../tokens.ts';
import { kw } from '../tokens.ts';

export const alterSystem: StatementRule = {
  name: 'alterSystem',
  starts: ['ALTER SYSTEM'],
  rule: ($) => {
    $.consume(0, kw('ALTER'));
    $.consume(0, kw('SYSTEM'));
    $.consume(0, t.StringLiteral);
    $.consume(0, t.Equal);
    $.consume(1, t.StringLiteral);
  },
};
