import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** Flink's form: ML_PREDICT(TABLE s, MODEL m, DESCRIPTOR(a, b), MAP['on_error', 'NULL']), or with INPUT =>, MODEL =>, ARGS =>, CONFIG =>. */
export function defineMlPredict(
  $: Dsl,
  define: (name: string, body: () => void) => Rule,
  late: { readonly r: SharedRules },
): Rule {
  const mlPredict: Rule = define('mlPredict', () => {
    const named = (n: number): void =>
      $.option(n, { GATE: () => tokenMatcher($.LA(2), t.FatArrow), DEF: () => $.subrule(n, argumentName) });
    $.consume(0, kw('ML_PREDICT'));
    $.consume(0, t.LeftParen);
    named(2);
    $.consume(0, kw('TABLE'));
    $.subrule(0, late.r.name);
    $.consume(0, t.Comma);
    named(3);
    $.consume(0, kw('MODEL'));
    $.subrule(1, late.r.name);
    $.option(0, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, late.r.version);
    });
    $.consume(1, t.Comma);
    named(4);
    $.consume(0, kw('DESCRIPTOR'));
    $.consume(1, t.LeftParen);
    $.subrule(2, late.r.name);
    $.many(0, () => {
      $.consume(2, t.Comma);
      $.subrule(3, late.r.name);
    });
    $.consume(0, t.RightParen);
    $.option(1, () => {
      $.consume(3, t.Comma);
      named(5);
      $.consume(0, kw('MAP'));
      $.or(0, [
        {
          ALT: () => {
            $.consume(0, t.LeftBracket);
            $.subrule(0, predictOption);
            $.many(1, () => {
              $.consume(4, t.Comma);
              $.subrule(1, predictOption);
            });
            $.consume(0, t.RightBracket);
          },
        },
        {
          ALT: () => {
            $.consume(2, t.LeftParen);
            $.subrule(2, predictOption);
            $.many(2, () => {
              $.consume(5, t.Comma);
              $.subrule(3, predictOption);
            });
            $.consume(2, t.RightParen);
          },
        },
      ]);
    });
    $.consume(1, t.RightParen);
  });
  const argumentName: Rule = define('argumentName', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.FatArrow);
  });
  const predictOption: Rule = define('predictOption', () => {
    $.consume(0, t.StringLiteral);
    $.or(0, [{ ALT: () => $.consume(0, t.Comma) }, { ALT: () => $.consume(0, t.Assign) }]);
    $.subrule(0, late.r.literal);
  });
  return mlPredict;
}
