import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const deleteRow: StatementRule = {
  name: 'deleteRow',
  starts: ['DELETE'],
  rule: ($, r) => {
    $.consume(0, kw('DELETE'));
    $.consume(0, kw('FROM'));
    $.subrule(0, r.name);
    $.consume(0, kw('WHERE'));
    $.subrule(0, r.expression);
  },
};

/** The entity is its values in order, with or without parentheses, or `column = value` for each column. */
export const deleteEntity: StatementRule = {
  name: 'deleteEntity',
  starts: ['DELETE ENTITY'],
  rule: ($, r) => {
    $.consume(0, kw('DELETE'));
    $.consume(0, kw('ENTITY'));
    $.or(0, [
      { GATE: () => $.LA(1).tokenType === t.LeftParen, ALT: () => $.subrule(0, r.valueRow), IGNORE_AMBIGUITIES: true },
      {
        ALT: () => {
          $.subrule(0, r.expression);
          $.many(0, () => {
            $.consume(0, t.Comma);
            $.subrule(1, r.expression);
          });
        },
      },
    ]);
    $.consume(0, kw('FROM'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.subrule(0, r.name);
  },
};
