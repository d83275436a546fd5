import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const print: StatementRule = {
  name: 'print',
  starts: ['PRINT'],
  rule: ($, r) => {
    $.consume(0, kw('PRINT'));
    $.subrule(0, r.resource);
    $.option(0, () => {
      $.consume(0, kw('FROM'));
      $.consume(0, kw('BEGINNING'));
    });
    $.option(1, () => {
      $.or(0, [{ ALT: () => $.consume(0, kw('INTERVAL')) }, { ALT: () => $.consume(0, kw('SAMPLE')) }]);
      $.consume(0, t.IntegerLiteral);
    });
    $.option(2, () => {
      $.consume(0, kw('LIMIT'));
      $.consume(1, t.IntegerLiteral);
    });
  },
};
