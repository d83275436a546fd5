import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** The WINDOW clause of a GROUP BY: the windows' type and size, retention and grace. */
export function defineWindow(
  $: Dsl,
  define: (name: string, body: () => void) => Rule,
  late: { readonly r: SharedRules },
): Rule {
  const window: Rule = define('window', () => {
    $.option(0, { GATE: () => !tokenMatcher($.LA(2), t.LeftParen), DEF: () => $.subrule(0, late.r.name) });
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('TUMBLING'));
          $.consume(0, t.LeftParen);
          $.consume(0, kw('SIZE'));
          $.subrule(0, late.r.duration);
          $.subrule(0, windowTail);
          $.consume(0, t.RightParen);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('HOPPING'));
          $.consume(1, t.LeftParen);
          $.consume(1, kw('SIZE'));
          $.subrule(1, late.r.duration);
          $.consume(0, t.Comma);
          $.consume(0, kw('ADVANCE'));
          $.consume(0, kw('BY'));
          $.subrule(2, late.r.duration);
          $.subrule(1, windowTail);
          $.consume(1, t.RightParen);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('SESSION'));
          $.consume(2, t.LeftParen);
          $.subrule(3, late.r.duration);
          $.subrule(2, windowTail);
          $.consume(2, t.RightParen);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('SLIDING'));
          $.consume(3, t.LeftParen);
          $.consume(2, kw('SIZE'));
          $.subrule(4, late.r.duration);
          $.subrule(3, windowTail);
          $.consume(3, t.RightParen);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('CUMULATE'));
          $.consume(4, t.LeftParen);
          $.or(1, [
            {
              ALT: () => {
                $.consume(3, kw('SIZE'));
                $.subrule(5, late.r.duration);
                $.consume(1, t.Comma);
                $.consume(0, kw('STEP'));
                $.subrule(6, late.r.duration);
              },
            },
            {
              ALT: () => {
                $.consume(1, kw('STEP'));
                $.subrule(7, late.r.duration);
                $.consume(2, t.Comma);
                $.consume(4, kw('SIZE'));
                $.subrule(8, late.r.duration);
              },
            },
          ]);
          $.subrule(4, windowTail);
          $.consume(4, t.RightParen);
        },
      },
    ]);
  });
  const windowTail: Rule = define('windowTail', () => {
    $.option(0, () => {
      $.consume(0, t.Comma);
      $.consume(0, kw('RETENTION'));
      $.subrule(0, late.r.duration);
    });
    $.option(1, () => {
      $.consume(1, t.Comma);
      $.consume(0, kw('GRACE'));
      $.consume(0, kw('PERIOD'));
      $.subrule(1, late.r.duration);
    });
  });
  return window;
}
