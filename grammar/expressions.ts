import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

type Define = (name: string, body: () => void) => Rule;
type ExpressionRules = Pick<SharedRules, 'expression'> & { readonly over: Rule };

/** Expressions: precedence among binary operators is settled when the tree is built, so a parenthesis costs few stack frames. */
export function defineExpressions($: Dsl, define: Define, late: { r: SharedRules }): ExpressionRules {
  const is = (n: number, type: Parameters<typeof tokenMatcher>[1]): boolean => tokenMatcher($.LA(n), type);
  /** `item, item, …`: each use of a rule in a rule has a number of its own, which the item is given. */
  const list = (n: number, item: (use: number) => void): void => {
    item(20 + 2 * n);
    $.many(n, () => {
      $.consume(n, t.Comma);
      item(21 + 2 * n);
    });
  };

  const expression: Rule = define('expression', () => {
    $.subrule(0, negation);
    $.many(0, () => {
      $.or(0, [{ ALT: () => $.consume(0, kw('AND')) }, { ALT: () => $.consume(0, kw('OR')) }]);
      $.subrule(1, negation);
    });
  });
  const negation: Rule = define('negation', () => {
    $.many(0, () => $.consume(0, kw('NOT')));
    $.subrule(0, predicate);
  });
  const predicate: Rule = define('predicate', () => {
    $.subrule(0, value);
    $.option(0, () => {
      $.or(0, [
        {
          ALT: () => {
            $.subrule(0, comparator);
            $.subrule(1, value);
          },
        },
        {
          ALT: () => {
            $.consume(0, kw('IS'));
            $.option(1, () => $.consume(0, kw('NOT')));
            $.or(1, [
              { ALT: () => $.consume(0, kw('NULL')) },
              {
                ALT: () => {
                  $.consume(0, kw('DISTINCT'));
                  $.consume(0, kw('FROM'));
                  $.subrule(2, value);
                },
              },
            ]);
          },
        },
        {
          ALT: () => {
            $.option(2, () => $.consume(1, kw('NOT')));
            $.or(2, [
              {
                ALT: () => {
                  $.consume(0, kw('BETWEEN'));
                  $.subrule(3, value);
                  $.consume(0, kw('AND'));
                  $.subrule(4, value);
                },
              },
              {
                ALT: () => {
                  $.consume(0, kw('IN'));
                  $.consume(0, t.LeftParen);
                  list(0, (use) => $.subrule(use, expression));
                  $.consume(0, t.RightParen);
                },
              },
              {
                ALT: () => {
                  $.consume(0, kw('LIKE'));
                  $.subrule(5, value);
                  $.option(3, () => {
                    $.consume(0, kw('ESCAPE'));
                    $.consume(0, t.StringLiteral);
                  });
                },
              },
            ]);
          },
        },
      ]);
    });
  });
  const comparator: Rule = define('comparator', () => {
    $.or(
      0,
      [t.Equal, t.NotEqual, t.LessEqual, t.GreaterEqual, t.Less, t.Greater].map((token) => ({
        ALT: () => $.consume(0, token),
      })),
    );
  });
  const value: Rule = define('value', () => {
    $.subrule(0, unary);
    $.many(0, () => {
      $.subrule(0, operator);
      $.subrule(1, unary);
    });
  });
  const operator: Rule = define('operator', () => {
    $.or(
      0,
      [t.Concat, t.Plus, t.Minus, t.Star, t.Slash, t.Percent].map((token) => ({ ALT: () => $.consume(0, token) })),
    );
  });
  const unary: Rule = define('unary', () => {
    $.many(0, () => $.or(0, [{ ALT: () => $.consume(0, t.Plus) }, { ALT: () => $.consume(0, t.Minus) }]));
    $.subrule(0, primary);
    $.many(1, {
      GATE: () => !(is(1, t.Arrow) && is(2, t.Star)),
      DEF: () => $.subrule(0, accessor),
    });
  });
  const accessor: Rule = define('accessor', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, t.LeftBracket);
          $.subrule(0, value);
          $.consume(0, t.RightBracket);
        },
      },
      {
        ALT: () => {
          $.consume(0, t.Arrow);
          $.subrule(0, late.r.name);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('AT'));
          $.consume(0, kw('TIME'));
          $.consume(0, kw('ZONE'));
          $.consume(0, t.StringLiteral);
        },
      },
    ]);
  });

  const primary: Rule = define('primary', () => {
    $.or(0, [
      { ALT: () => $.subrule(0, late.r.literal) },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.subrule(0, expression);
          $.consume(0, t.RightParen);
        },
      },
      { ALT: () => $.subrule(0, caseExpression) },
      { ALT: () => $.subrule(0, castExpression) },
      { ALT: () => $.subrule(0, invokeExpression) },
      { GATE: () => is(2, t.LeftBracket), ALT: () => $.subrule(0, arrayConstructor) },
      { GATE: () => is(2, t.LeftParen), ALT: () => $.subrule(0, mapConstructor) },
      { GATE: () => is(2, t.LeftParen), ALT: () => $.subrule(0, structConstructor) },
      { GATE: () => is(2, t.StringLiteral) || is(2, t.IntegerLiteral), ALT: () => $.subrule(0, interval) },
      { GATE: () => is(2, t.StringLiteral), ALT: () => $.subrule(0, typedLiteral) },
      { GATE: () => is(2, t.LeftParen), ALT: () => $.subrule(0, call) },
      { ALT: () => $.subrule(0, column) },
    ]);
  });
  const caseExpression: Rule = define('caseExpression', () => {
    $.consume(0, kw('CASE'));
    $.option(0, { GATE: () => !is(1, kw('WHEN')), DEF: () => $.subrule(0, expression) });
    $.many(0, () => $.subrule(0, whenClause));
    $.option(1, () => {
      $.consume(0, kw('ELSE'));
      $.subrule(1, expression);
    });
    $.consume(0, kw('END'));
  });
  const whenClause: Rule = define('whenClause', () => {
    $.consume(0, kw('WHEN'));
    $.subrule(0, expression);
    $.consume(0, kw('THEN'));
    $.subrule(1, expression);
  });
  const castExpression: Rule = define('castExpression', () => {
    $.consume(0, kw('CAST'));
    $.consume(0, t.LeftParen);
    $.subrule(0, expression);
    $.consume(0, kw('AS'));
    $.subrule(0, late.r.type);
    $.consume(0, t.RightParen);
  });
  const arrayConstructor: Rule = define('arrayConstructor', () => {
    $.consume(0, kw('ARRAY'));
    $.consume(0, t.LeftBracket);
    $.option(0, () => list(0, (use) => $.subrule(use, expression)));
    $.consume(0, t.RightBracket);
  });
  const mapConstructor: Rule = define('mapConstructor', () => {
    $.consume(0, kw('MAP'));
    $.consume(0, t.LeftParen);
    $.option(0, () => list(0, (use) => $.subrule(use, mapEntry)));
    $.consume(0, t.RightParen);
  });
  const mapEntry: Rule = define('mapEntry', () => {
    $.subrule(0, expression);
    $.consume(0, t.Assign);
    $.subrule(1, expression);
  });
  const structConstructor: Rule = define('structConstructor', () => {
    $.consume(0, kw('STRUCT'));
    $.consume(0, t.LeftParen);
    $.option(0, () => list(0, (use) => $.subrule(use, structEntry)));
    $.consume(0, t.RightParen);
  });
  const structEntry: Rule = define('structEntry', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.Assign);
    $.subrule(0, expression);
  });
  const typedLiteral: Rule = define('typedLiteral', () => {
    $.or(0, [{ ALT: () => $.consume(0, t.Name) }, { ALT: () => $.consume(0, kw('DECIMAL')) }]);
    $.consume(0, t.StringLiteral);
  });
  const interval: Rule = define('interval', () => {
    $.consume(0, kw('INTERVAL'));
    $.or(0, [{ ALT: () => $.consume(0, t.StringLiteral) }, { ALT: () => $.consume(0, t.IntegerLiteral) }]);
    $.consume(0, t.Unit);
  });
  const column: Rule = define('column', () => {
    $.subrule(0, late.r.name);
    $.option(0, {
      GATE: () => !is(2, t.Star),
      DEF: () => {
        $.consume(0, t.Dot);
        $.subrule(1, late.r.name);
      },
    });
  });
  const call: Rule = define('call', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.LeftParen);
    $.option(0, () => {
      $.or(0, [{ ALT: () => $.consume(0, t.Star) }, { ALT: () => list(0, (use) => $.subrule(use, argument)) }]);
    });
    $.consume(0, t.RightParen);
    $.option(1, () => {
      $.consume(0, kw('OVER'));
      $.subrule(0, overTarget);
    });
  });
  const overTarget: Rule = define('overTarget', () => {
    $.or(0, [{ ALT: () => $.subrule(0, late.r.name) }, { ALT: () => $.subrule(0, over) }]);
  });
  const argument: Rule = define('argument', () => {
    $.or(0, [
      { GATE: () => isLambda($), ALT: () => $.subrule(0, lambda) },
      // DATEADD(DAYS, …): a unit stands alone, otherwise a word such as DAY is a column.
      { GATE: () => is(2, t.Comma) || is(2, t.RightParen), ALT: () => $.consume(0, t.Unit) },
      { ALT: () => $.subrule(0, expression) },
    ]);
  });
  const lambda: Rule = define('lambda', () => {
    $.or(0, [
      { ALT: () => $.subrule(0, late.r.name) },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          list(0, (use) => $.subrule(use, late.r.name));
          $.consume(0, t.RightParen);
        },
      },
    ]);
    $.consume(0, t.FatArrow);
    $.subrule(0, expression);
  });
  const invokeExpression: Rule = define('invokeExpression', () => {
    $.consume(0, kw('INVOKE'));
    $.consume(0, kw('MODEL'));
    $.subrule(0, late.r.name);
    $.option(0, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, late.r.version);
    });
    $.option(1, () => $.consume(0, kw('USING')));
    $.consume(0, t.LeftParen);
    $.or(0, [{ ALT: () => $.consume(0, t.Star) }, { ALT: () => list(0, (use) => $.subrule(use, invokeArgument)) }]);
    $.consume(0, t.RightParen);
  });
  const invokeArgument: Rule = define('invokeArgument', () => {
    $.subrule(0, expression);
    $.option(0, () => {
      $.consume(0, kw('AS'));
      $.subrule(0, late.r.name);
    });
  });

  const over: Rule = define('over', () => {
    $.consume(0, t.LeftParen);
    $.option(0, () => {
      $.consume(0, kw('PARTITION'));
      $.consume(0, kw('BY'));
      list(0, (use) => $.subrule(use, expression));
    });
    $.option(1, () => {
      $.consume(0, kw('ORDER'));
      $.consume(1, kw('BY'));
      list(1, (use) => $.subrule(use, orderItem));
    });
    $.option(2, () => {
      $.or(0, [{ ALT: () => $.consume(0, kw('ROWS')) }, { ALT: () => $.consume(0, kw('RANGE')) }]);
      $.consume(0, kw('BETWEEN'));
      $.subrule(0, bound);
      $.consume(0, kw('AND'));
      $.subrule(1, bound);
    });
    $.option(3, () => {
      $.consume(0, kw('MAXSIZE'));
      $.consume(0, t.IntegerLiteral);
    });
    $.consume(0, t.RightParen);
  });
  const orderItem: Rule = define('orderItem', () => {
    $.subrule(0, expression);
    $.option(0, () => $.or(0, [{ ALT: () => $.consume(0, kw('ASC')) }, { ALT: () => $.consume(0, kw('DESC')) }]));
  });
  const bound: Rule = define('bound', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('UNBOUNDED'));
          $.consume(0, kw('PRECEDING'));
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('CURRENT'));
          $.consume(0, kw('ROW'));
        },
      },
      {
        ALT: () => {
          $.subrule(0, interval);
          $.consume(1, kw('PRECEDING'));
        },
      },
      {
        ALT: () => {
          $.consume(0, t.IntegerLiteral);
          $.option(0, () => $.consume(0, t.Unit));
          $.consume(2, kw('PRECEDING'));
        },
      },
    ]);
  });
  return { expression, over };
}

/** `x => …` or `(x, y) => …`: needs more look-ahead than the parser generator gives. */
function isLambda($: Dsl): boolean {
  if (tokenMatcher($.LA(2), t.FatArrow)) return true;
  if (!tokenMatcher($.LA(1), t.LeftParen)) return false;
  let n = 2;
  while (tokenMatcher($.LA(n), t.Name) && tokenMatcher($.LA(n + 1), t.Comma)) n += 2;
  return (
    tokenMatcher($.LA(n), t.Name) && tokenMatcher($.LA(n + 1), t.RightParen) && tokenMatcher($.LA(n + 2), t.FatArrow)
  );
}
