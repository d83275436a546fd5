import type { StatementRule } from '../rule.ts';
import * as t from '../tokens.ts';
import { kw } from '../tokens.ts';

export const alterSource: StatementRule = {
  name: 'alterSource',
  starts: ['ALTER STREAM', 'ALTER TABLE'],
  rule: ($, r) => {
    $.consume(0, kw('ALTER'));
    $.or(0, [{ ALT: () => $.consume(0, kw('STREAM')) }, { ALT: () => $.consume(0, kw('TABLE')) }]);
    $.subrule(0, r.name);
    $.subrule(0, r.addedColumn);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, r.addedColumn);
    });
  },
};
