import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const dropFeatureView: StatementRule = {
  name: 'dropFeatureView',
  starts: ['DROP FEATURE VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.option(1, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, r.version);
    });
    $.option(2, () => $.consume(0, kw('CASCADE')));
  },
};
