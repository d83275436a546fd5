import { tokenMatcher } from 'chevrotain';
import type { Dsl, SharedRules, StatementRule } from '../rule.ts';
import * as t from '../tokens.ts';
import { kw } from '../tokens.ts';

/** ALTER MODEL … ADD VERSION | DROP VERSION | SET DEFAULT VERSION | SET ALIAS | DROP ALIAS | SET ROUTE | DROP ROUTE | SET (…) | RESET (…). */
export const alterModel: StatementRule = {
  name: 'alterModel',
  starts: ['ALTER MODEL'],
  rule: ($, r) => {
    $.consume(0, kw('ALTER'));
    $.consume(0, kw('MODEL'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    const next = (action: string, object: string): boolean =>
      $.LA(1).tokenType === kw(action) && $.LA(2).tokenType === kw(object);
    const options = (action: string): boolean => $.LA(1).tokenType === kw(action) && tokenMatcher($.LA(2), t.LeftParen);
    $.or(0, [
      {
        GATE: () => next('ADD', 'VERSION'),
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          $.consume(0, kw('ADD'));
          $.consume(0, kw('VERSION'));
          $.option(1, () => $.subrule(0, r.version));
          $.option(2, () => $.subrule(0, r.properties));
        },
      },
      {
        GATE: () => next('DROP', 'VERSION'),
        ALT: () => {
          $.consume(0, kw('DROP'));
          $.consume(1, kw('VERSION'));
          $.subrule(1, r.version);
        },
      },
      {
        GATE: () => next('DROP', 'ALIAS'),
        ALT: () => {
          $.consume(1, kw('DROP'));
          $.consume(0, kw('ALIAS'));
          $.subrule(1, r.name);
        },
      },
      {
        GATE: () => next('DROP', 'ROUTE'),
        ALT: () => {
          $.consume(2, kw('DROP'));
          $.consume(0, kw('ROUTE'));
        },
      },
      {
        GATE: () => next('SET', 'DEFAULT'),
        ALT: () => {
          $.consume(0, kw('SET'));
          $.consume(0, kw('DEFAULT'));
          $.consume(2, kw('VERSION'));
          $.subrule(2, r.version);
        },
      },
      {
        GATE: () => next('SET', 'ALIAS'),
        ALT: () => {
          $.consume(1, kw('SET'));
          $.consume(1, kw('ALIAS'));
          $.subrule(2, r.name);
          $.consume(0, kw('TO'));
          $.consume(3, kw('VERSION'));
          $.subrule(3, r.version);
        },
      },
      { GATE: () => next('SET', 'ROUTE'), ALT: () => route($, r) },
      {
        GATE: () => options('SET'),
        ALT: () => {
          $.consume(3, kw('SET'));
          $.subrule(1, r.propertyList);
        },
      },
      {
        GATE: () => options('RESET'),
        ALT: () => {
          $.consume(0, kw('RESET'));
          $.consume(0, t.LeftParen);
          $.subrule(0, r.optionName);
          $.many(2, () => {
            $.consume(2, t.Comma);
            $.subrule(1, r.optionName);
          });
          $.consume(0, t.RightParen);
        },
      },
      { ALT: () => $.subrule(0, r.rest), IGNORE_AMBIGUITIES: true },
    ]);
  },
};

/** SET ROUTE [SEED 'text'] TO VERSION v WEIGHT n, … [SHADOW VERSION v [SAMPLE n], …] */
function route($: Dsl, r: SharedRules): void {
  const commas = (n: number, DEF: () => void): void => $.many(n, { GATE: () => tokenMatcher($.LA(1), t.Comma), DEF });
  $.consume(2, kw('SET'));
  $.consume(1, kw('ROUTE'));
  $.option(3, () => {
    $.consume(0, kw('SEED'));
    $.consume(0, t.StringLiteral);
  });
  $.consume(1, kw('TO'));
  $.subrule(0, r.routeTarget);
  commas(0, () => {
    $.consume(0, t.Comma);
    $.subrule(1, r.routeTarget);
  });
  $.option(4, () => {
    $.consume(0, kw('SHADOW'));
    $.subrule(0, r.shadowTarget);
    commas(1, () => {
      $.consume(1, t.Comma);
      $.subrule(1, r.shadowTarget);
    });
  });
}
