import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

export const alterFeatureView: StatementRule = {
  name: 'alterFeatureView',
  starts: ['ALTER FEATURE VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('ALTER'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.consume(0, kw('SET'));
    $.subrule(0, r.propertyList);
  },
};

/** Writes the newest rows of a view into its store again. */
export const materialize: StatementRule = {
  name: 'materialize',
  starts: ['MATERIALIZE'],
  rule: ($, r) => {
    $.consume(0, kw('MATERIALIZE'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.subrule(0, r.name);
    $.option(0, () => {
      $.consume(0, kw('FROM'));
      $.consume(0, t.StringLiteral);
      $.option(1, () => {
        $.consume(0, kw('TO'));
        $.consume(1, t.StringLiteral);
      });
    });
  },
};
