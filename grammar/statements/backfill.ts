import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** Writes what a feature view gives over a range of time into files. */
export const backfill: StatementRule = {
  name: 'backfill',
  starts: ['BACKFILL FEATURE VIEW'],
  rule: ($, r) => {
    $.consume(0, kw('BACKFILL'));
    $.consume(0, kw('FEATURE'));
    $.consume(0, kw('VIEW'));
    $.subrule(0, r.name);
    $.option(0, () => {
      $.consume(0, kw('FROM'));
      $.consume(0, t.StringLiteral);
    });
    $.option(1, () => {
      $.consume(0, kw('TO'));
      $.consume(1, t.StringLiteral);
    });
    $.subrule(0, r.properties);
  },
};
