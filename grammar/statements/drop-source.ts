import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const dropSource: StatementRule = {
  name: 'dropSource',
  starts: ['DROP STREAM', 'DROP TABLE'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.or(0, [{ ALT: () => $.consume(0, kw('STREAM')) }, { ALT: () => $.consume(0, kw('TABLE')) }]);
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.option(1, () => {
      $.consume(0, kw('DELETE'));
      $.consume(0, kw('TOPIC'));
    });
    $.option(2, () => $.consume(0, kw('CASCADE')));
  },
};
