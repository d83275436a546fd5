import { tokenMatcher } from 'chevrotain';
import { defineInterval } from './interval.ts';
import { defineOver } from './over.ts';
import { startsOperand } from './lookahead.ts';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

type Define = (name: string, body: () => void) => Rule;
type ExpressionRules = Pick<SharedRules, 'expression' | 'length' | 'orderItem'> & { readonly over: Rule };

/**
 * Expressions. Precedence among binary operators is settled when the tree is built, so that nested parentheses need few stack
 * frames.
 */
export function defineExpressions($: Dsl, define: Define, late: { r: SharedRules }): ExpressionRules {
  const is = (n: number, type: Parameters<typeof tokenMatcher>[1]): boolean => tokenMatcher($.LA(n), type);
  /** `item, item, …`. Chevrotain needs a different number for each use of a rule within a rule; `item` gets it. */
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
    $.option(0, {
      // ILIKE is also a name: that of the column, where no pattern follows.
      GATE: () => !is(1, kw('ILIKE')) || startsOperand($, 2),
      DEF: () => $.subrule(0, comparison),
    });
  });
  const comparison: Rule = define('comparison', () => {
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
                $.or(4, [
                  {
                    GATE: () => is(1, kw('SELECT')) || (is(1, kw('WITH')) && is(3, kw('AS'))),
                    ALT: () => $.subrule(0, late.r.query),
                  },
                  { ALT: () => list(0, (use) => $.subrule(use, expression)) },
                ]);
                $.consume(0, t.RightParen);
              },
            },
            {
              ALT: () => {
                $.or(3, [{ ALT: () => $.consume(0, kw('LIKE')) }, { ALT: () => $.consume(0, kw('ILIKE')) }]);
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
          $.consume(0, t.DoubleColon);
          $.subrule(0, late.r.type);
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
      { GATE: () => is(2, t.LeftParen), ALT: () => $.subrule(0, tryCast) },
      { GATE: () => is(2, t.LeftParen) && is(4, kw('FROM')), ALT: () => $.subrule(0, extract) },
      { GATE: () => startsJsonObject($), ALT: () => $.subrule(0, jsonObject) },
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
  const tryCast: Rule = define('tryCast', () => {
    $.consume(0, kw('TRY_CAST'));
    $.consume(0, t.LeftParen);
    $.subrule(0, expression);
    $.consume(0, kw('AS'));
    $.subrule(0, late.r.type);
    $.consume(0, t.RightParen);
  });
  const extract: Rule = define('extract', () => {
    $.consume(0, kw('EXTRACT'));
    $.consume(0, t.LeftParen);
    $.or(0, [{ ALT: () => $.consume(0, t.Name) }, { ALT: () => $.consume(0, t.Unit) }]);
    $.consume(0, kw('FROM'));
    $.subrule(0, expression);
    $.consume(0, t.RightParen);
  });
  const jsonObject: Rule = define('jsonObject', () => {
    $.consume(0, kw('JSON_OBJECT'));
    $.consume(0, t.LeftParen);
    list(0, (use) => $.subrule(use, jsonEntry));
    $.consume(0, t.RightParen);
  });
  const jsonEntry: Rule = define('jsonEntry', () => {
    $.option(0, () => $.consume(0, kw('KEY')));
    $.consume(0, t.StringLiteral);
    $.consume(0, kw('VALUE'));
    $.subrule(0, expression);
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
  const interval = defineInterval($, define);
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
      $.or(0, [
        { ALT: () => $.consume(0, t.Star) },
        {
          ALT: () => {
            $.option(1, () => $.consume(0, kw('DISTINCT')));
            list(0, (use) => $.subrule(use, argument));
            $.option(2, () => $.subrule(0, nullTreatment));
          },
        },
      ]);
    });
    $.consume(0, t.RightParen);
    // FILTER, IGNORE and RESPECT are also names: of a column, if what makes them a clause does not follow.
    $.many(1, {
      GATE: () => (is(1, kw('FILTER')) ? is(2, t.LeftParen) : is(2, kw('NULLS'))),
      DEF: () => $.or(1, [{ ALT: () => $.subrule(0, filter) }, { ALT: () => $.subrule(1, nullTreatment) }]),
    });
    $.option(3, () => {
      $.consume(0, kw('OVER'));
      $.subrule(0, overTarget);
    });
  });
  const filter: Rule = define('filter', () => {
    $.consume(0, kw('FILTER'));
    $.consume(0, t.LeftParen);
    $.consume(0, kw('WHERE'));
    $.subrule(0, expression);
    $.consume(0, t.RightParen);
  });
  const nullTreatment: Rule = define('nullTreatment', () => {
    $.or(0, [{ ALT: () => $.consume(0, kw('IGNORE')) }, { ALT: () => $.consume(0, kw('RESPECT')) }]);
    $.consume(0, kw('NULLS'));
  });
  const overTarget: Rule = define('overTarget', () => {
    $.or(0, [{ ALT: () => $.subrule(0, late.r.name) }, { ALT: () => $.subrule(0, over) }]);
  });
  const argument: Rule = define('argument', () => {
    $.or(0, [
      { GATE: () => isLambda($), ALT: () => $.subrule(0, lambda) },
      // DATEADD(DAYS, …): only a unit before a comma or parenthesis is one, otherwise a word such as DAY is a column.
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

  const length: Rule = define('length', () => {
    $.or(0, [{ ALT: () => $.subrule(0, late.r.duration) }, { ALT: () => $.subrule(0, interval) }]);
  });
  const orderItem: Rule = define('orderItem', () => {
    $.subrule(0, expression);
    $.option(0, () => $.or(0, [{ ALT: () => $.consume(0, kw('ASC')) }, { ALT: () => $.consume(0, kw('DESC')) }]));
    $.option(1, () => {
      $.consume(0, kw('NULLS'));
      $.or(1, [{ ALT: () => $.consume(0, kw('FIRST')) }, { ALT: () => $.consume(0, kw('LAST')) }]);
    });
  });

  const over = defineOver($, define, { expression, interval, length, orderItem, name: late.r.name });
  return { expression, length, orderItem, over };
}

/** `x => …` or `(x, y) => …`: needs more lookahead than the generated parser has. */
function isLambda($: Dsl): boolean {
  if (tokenMatcher($.LA(2), t.FatArrow)) return true;
  if (!tokenMatcher($.LA(1), t.LeftParen)) return false;
  let n = 2;
  while (tokenMatcher($.LA(n), t.Name) && tokenMatcher($.LA(n + 1), t.Comma)) n += 2;
  return (
    tokenMatcher($.LA(n), t.Name) && tokenMatcher($.LA(n + 1), t.RightParen) && tokenMatcher($.LA(n + 2), t.FatArrow)
  );
}

/** `JSON_OBJECT('name' VALUE …`: with commas instead it is a call as any other. */
function startsJsonObject($: Dsl): boolean {
  const key = tokenMatcher($.LA(3), kw('KEY')) ? 4 : 3;
  return (
    tokenMatcher($.LA(2), t.LeftParen) &&
    tokenMatcher($.LA(key), t.StringLiteral) &&
    tokenMatcher($.LA(key + 1), kw('VALUE'))
  );
}
