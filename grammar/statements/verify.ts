import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** Compares what a feature view has answered with a recomputation and with its files. */
export const verifyFeatureView: StatementRule = {
  name: 'verifyFeatureView',
  starts: ['VERIFY FEATURE VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('VERIFY'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.subrule(0, r.name);
    $.option(0, () => {
      $.consume(0, kw('FROM'));
      $.consume(0, t.StringLiteral);
      $.consume(0, kw('TO'));
      $.consume(1, t.StringLiteral);
    });
    $.option(1, () => {
      $.consume(0, kw('SAMPLE'));
      $.consume(0, t.IntegerLiteral);
    });
  },
};
