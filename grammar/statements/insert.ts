import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** INSERT INTO … VALUES and INSERT INTO … SELECT. */
export const insert: StatementRule = {
  name: 'insert',
  starts: ['INSERT INTO'],
  rule: ($, r) => {
    $.consume(0, kw('INSERT'));
    $.consume(0, kw('INTO'));
    $.subrule(0, r.name);
    // WITH may also begin the query.
    $.option(0, { GATE: () => $.LA(2).tokenType === t.LeftParen, DEF: () => $.subrule(0, r.properties) });
    $.or(0, [
      { ALT: () => $.subrule(0, r.query) },
      {
        ALT: () => {
          $.option(1, () => {
            $.consume(0, t.LeftParen);
            $.subrule(1, r.name);
            $.many(0, () => {
              $.consume(0, t.Comma);
              $.subrule(2, r.name);
            });
            $.consume(0, t.RightParen);
          });
          $.consume(0, kw('VALUES'));
          $.subrule(0, r.valueRow);
          $.many(1, () => {
            $.consume(1, t.Comma);
            $.subrule(1, r.valueRow);
          });
        },
      },
    ]);
  },
};
