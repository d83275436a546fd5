import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

interface OverParts {
  readonly expression: Rule;
  readonly interval: Rule;
  readonly length: Rule;
  readonly orderItem: Rule;
  readonly name: Rule;
}

/** The contents of the parentheses of OVER and of a named window: the clauses in SQL's order, then the options in any order. */
export function defineOver(
  $: Dsl,
  define: (name: string, body: () => void) => Rule,
  { expression, interval, length, orderItem, name }: OverParts,
): Rule {
  const over: Rule = define('over', () => {
    $.consume(0, t.LeftParen);
    // OVER (w): SQL's other way to name a window.
    $.option(3, { GATE: () => tokenMatcher($.LA(2), t.RightParen), DEF: () => $.subrule(0, name) });
    $.option(0, () => {
      $.consume(0, kw('PARTITION'));
      $.consume(0, kw('BY'));
      $.subrule(0, expression);
      $.many(0, () => {
        $.consume(0, t.Comma);
        $.subrule(1, expression);
      });
    });
    $.option(1, () => {
      $.consume(0, kw('ORDER'));
      $.consume(1, kw('BY'));
      $.subrule(0, orderItem);
      $.many(1, () => {
        $.consume(1, t.Comma);
        $.subrule(1, orderItem);
      });
    });
    $.option(2, () => $.subrule(0, frame));
    $.many(2, () => $.subrule(0, overOption));
    $.consume(0, t.RightParen);
  });
  /** Without BETWEEN the frame ends at the current row. */
  const frame: Rule = define('frame', () => {
    $.or(0, [{ ALT: () => $.consume(0, kw('ROWS')) }, { ALT: () => $.consume(0, kw('RANGE')) }]);
    $.or(1, [
      {
        ALT: () => {
          $.consume(0, kw('BETWEEN'));
          $.subrule(0, bound);
          $.consume(0, kw('AND'));
          $.subrule(1, bound);
        },
      },
      { ALT: () => $.subrule(2, bound) },
    ]);
  });
  /** FOLLOWING and invalid amounts are parsed too: binding reports them with better errors. */
  const bound: Rule = define('bound', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('CURRENT'));
          $.consume(0, kw('ROW'));
        },
      },
      {
        ALT: () => {
          $.or(1, [
            { ALT: () => $.consume(0, kw('UNBOUNDED')) },
            { ALT: () => $.subrule(0, interval) },
            { ALT: () => $.subrule(0, amount) },
          ]);
          $.or(2, [{ ALT: () => $.consume(0, kw('PRECEDING')) }, { ALT: () => $.consume(0, kw('FOLLOWING')) }]);
        },
      },
    ]);
  });
  const amount: Rule = define('amount', () => {
    $.option(0, () => $.consume(0, t.Minus));
    $.or(0, [
      { ALT: () => $.consume(0, t.IntegerLiteral) },
      { ALT: () => $.consume(0, t.DecimalLiteral) },
      { ALT: () => $.consume(0, t.FloatLiteral) },
    ]);
    $.option(1, () => $.consume(0, t.Unit));
  });
  const overOption: Rule = define('overOption', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('EXCLUDE'));
          $.subrule(0, exclusion);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('MAXSIZE'));
          $.consume(0, t.IntegerLiteral);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('TILE'));
          $.subrule(0, length);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('GRACE'));
          $.option(0, () => $.consume(0, kw('PERIOD')));
          $.subrule(1, length);
        },
      },
    ]);
  });
  const exclusion: Rule = define('exclusion', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('CURRENT'));
          $.consume(0, kw('ROW'));
        },
      },
      { ALT: () => $.consume(0, kw('GROUP')) },
      { ALT: () => $.consume(0, kw('TIES')) },
      {
        ALT: () => {
          $.consume(0, kw('NO'));
          $.consume(0, kw('OTHERS'));
        },
      },
    ]);
  });
  return over;
}
