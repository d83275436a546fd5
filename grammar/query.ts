import { tokenMatcher } from 'chevrotain';
import { closingParen, endsClause, startsAsOfJoin, startsClause } from './lookahead.ts';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';
import { defineMatchRecognize } from './match-recognize.ts';
import { defineModelFunctions } from './model-functions.ts';
import { defineWindow } from './window.ts';

type Define = (name: string, body: () => void) => Rule;

/** SELECT … FROM … and its clauses, in ksqlDB's fixed order. */
export function defineQuery(
  $: Dsl,
  define: Define,
  late: { r: SharedRules; over: Rule },
): Pick<SharedRules, 'query' | 'selectItem' | 'window' | 'valueRow'> {
  const is = (n: number, type: Parameters<typeof tokenMatcher>[1]): boolean => tokenMatcher($.LA(n), type);
  const expression = (n: number): unknown => $.subrule(n, late.r.expression);

  const matchRecognize = defineMatchRecognize($, define, late);

  /** Extensions of ksqlDB's grammar: WITH, subqueries, UNION ALL and ORDER BY. */
  const query: Rule = define('query', () => {
    $.option(0, () => $.subrule(0, withClause));
    $.subrule(0, selectBody);
    $.many(0, () => {
      $.consume(0, kw('UNION'));
      $.consume(0, kw('ALL'));
      $.subrule(1, selectBody);
    });
    $.option(1, () => {
      $.consume(0, kw('EMIT'));
      $.or(1, [{ ALT: () => $.consume(0, kw('CHANGES')) }, { ALT: () => $.consume(0, kw('FINAL')) }]);
    });
    $.option(2, () => {
      $.consume(0, kw('ORDER'));
      $.consume(0, kw('BY'));
      $.subrule(0, late.r.orderItem);
      $.many(1, () => {
        $.consume(0, t.Comma);
        $.subrule(1, late.r.orderItem);
      });
    });
    $.option(3, () => {
      $.consume(0, kw('LIMIT'));
      $.or(2, [
        { ALT: () => $.consume(0, t.IntegerLiteral) },
        { ALT: () => $.consume(0, t.DecimalLiteral) },
        { ALT: () => $.consume(0, t.FloatLiteral) },
      ]);
    });
    $.option(4, () => $.subrule(0, offset));
  });
  const offset: Rule = define('offset', () => {
    $.consume(0, kw('OFFSET'));
    $.consume(0, t.IntegerLiteral);
  });
  const withClause: Rule = define('withClause', () => {
    $.consume(0, kw('WITH'));
    $.subrule(0, namedQuery);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, namedQuery);
    });
  });
  const namedQuery: Rule = define('namedQuery', () => {
    $.subrule(0, late.r.name);
    $.consume(0, kw('AS'));
    $.consume(0, t.LeftParen);
    $.subrule(0, query);
    $.consume(0, t.RightParen);
  });
  const selectBody: Rule = define('selectBody', () => {
    $.consume(0, kw('SELECT'));
    $.option(7, () => $.consume(0, kw('DISTINCT')));
    $.subrule(0, selectItem);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, selectItem);
    });
    $.consume(0, kw('FROM'));
    $.subrule(0, relation);
    $.option(0, () => {
      $.or(0, [
        {
          GATE: () => !is(3, kw('AS')),
          ALT: () => {
            $.consume(0, kw('WINDOW'));
            $.subrule(0, window);
          },
        },
        { ALT: () => $.subrule(0, namedWindows) },
      ]);
    });
    $.option(1, () => $.subrule(0, where));
    $.option(2, () => $.subrule(0, groupBy));
    $.option(3, () => $.subrule(0, partitionBy));
    $.option(4, () => $.subrule(0, having));
    $.option(5, () => $.subrule(1, namedWindows));
    $.option(6, () => $.subrule(0, qualify));
  });
  const where: Rule = define('where', () => {
    $.consume(0, kw('WHERE'));
    expression(0);
  });
  const having: Rule = define('having', () => {
    $.consume(0, kw('HAVING'));
    expression(0);
  });
  const qualify: Rule = define('qualify', () => {
    $.consume(0, kw('QUALIFY'));
    expression(0);
  });
  const groupBy: Rule = define('groupBy', () => {
    $.consume(0, kw('GROUP'));
    $.consume(0, kw('BY'));
    $.subrule(0, groupingList);
  });
  const partitionBy: Rule = define('partitionBy', () => {
    $.consume(0, kw('PARTITION'));
    $.consume(0, kw('BY'));
    $.subrule(0, groupingList);
  });
  /**
   * `a, b`, `(a, b)` or `()`. A parenthesised list and a parenthesised expression are distinguished by the token that follows.
   */
  const groupingList: Rule = define('groupingList', () => {
    $.or(0, [
      {
        GATE: () => is(1, t.LeftParen) && endsClause($, closingParen($, 1) + 1),
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.option(0, () => {
            expression(0);
            $.many(0, () => {
              $.consume(0, t.Comma);
              expression(1);
            });
          });
          $.consume(0, t.RightParen);
        },
      },
      {
        ALT: () => {
          expression(2);
          $.many(1, () => {
            $.consume(1, t.Comma);
            expression(3);
          });
        },
      },
    ]);
  });
  const namedWindows: Rule = define('namedWindows', () => {
    $.consume(0, kw('WINDOW'));
    $.subrule(0, namedWindow);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, namedWindow);
    });
  });
  const namedWindow: Rule = define('namedWindow', () => {
    $.subrule(0, late.r.name);
    $.consume(0, kw('AS'));
    $.subrule(0, late.over);
  });

  const selectItem: Rule = define('selectItem', () => {
    $.or(0, [
      { ALT: () => $.consume(0, t.Star) },
      {
        GATE: () => is(2, t.Dot) && is(3, t.Star),
        ALT: () => {
          $.subrule(0, late.r.name);
          $.consume(0, t.Dot);
          $.consume(1, t.Star);
        },
      },
      {
        ALT: () => {
          expression(0);
          $.option(0, () => {
            $.consume(0, t.Arrow);
            $.consume(2, t.Star);
          });
          $.option(1, () => {
            $.option(2, () => $.consume(0, kw('AS')));
            $.subrule(1, late.r.name);
          });
        },
      },
    ]);
  });

  const relation: Rule = define('relation', () => {
    $.subrule(0, source);
    $.many(0, () => $.or(0, [{ ALT: () => $.subrule(0, join) }, { ALT: () => $.subrule(0, invokeClause) }]));
  });
  const source: Rule = define('source', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.subrule(0, query);
          $.consume(0, t.RightParen);
        },
      },
      {
        GATE: () => is(1, kw('FILE')) && is(2, t.LeftParen),
        ALT: () => {
          $.consume(0, kw('FILE'));
          $.consume(1, t.LeftParen);
          $.consume(0, t.StringLiteral);
          $.consume(1, t.RightParen);
        },
      },
      { GATE: () => isWindowFunction($.LA(1).image) && is(2, t.LeftParen), ALT: () => $.subrule(0, windowCall) },
      { GATE: () => is(1, kw('ML_EVALUATE')) && is(2, t.LeftParen), ALT: () => $.subrule(0, mlEvaluate) },
      { GATE: () => !is(1, kw('FILE')) && is(2, t.LeftParen), ALT: () => $.subrule(0, mlPredict) },
      { ALT: () => $.subrule(0, windowTable) },
      {
        ALT: () => {
          $.subrule(0, late.r.name);
          $.option(0, {
            GATE: () => is(2, kw('SYSTEM_TIME')),
            DEF: () => {
              $.consume(0, kw('FOR'));
              $.consume(0, kw('SYSTEM_TIME'));
              $.consume(0, kw('AS'));
              $.consume(0, kw('OF'));
              expression(0);
            },
          });
        },
      },
    ]);
    $.option(1, () => $.subrule(0, matchRecognize));
    $.option(2, {
      GATE: () => !startsClause($),
      DEF: () => {
        $.option(3, () => $.consume(1, kw('AS')));
        $.subrule(1, late.r.name);
      },
    });
  });
  /** Flink's windows: TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL …)). */
  const windowTable: Rule = define('windowTable', () => {
    $.consume(0, kw('TABLE'));
    $.consume(0, t.LeftParen);
    $.subrule(0, late.r.name);
    $.consume(1, t.LeftParen);
    $.consume(1, kw('TABLE'));
    $.subrule(1, late.r.name);
    $.consume(0, t.Comma);
    $.consume(0, kw('DESCRIPTOR'));
    $.consume(2, t.LeftParen);
    $.subrule(2, late.r.name);
    $.consume(2, t.RightParen);
    $.many(0, () => {
      $.consume(1, t.Comma);
      expression(0);
    });
    $.consume(1, t.RightParen);
    $.consume(0, t.RightParen);
  });
  /** RisingWave's windows: TUMBLE(s, ts, INTERVAL …). */
  const windowCall: Rule = define('windowCall', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.LeftParen);
    $.subrule(1, late.r.name);
    $.consume(0, t.Comma);
    $.subrule(2, late.r.name);
    $.many(0, () => {
      $.consume(1, t.Comma);
      expression(0);
    });
    $.consume(0, t.RightParen);
  });
  const isWindowFunction = (word: string): boolean => /^(TUMBLE|HOP|SESSION|CUMULATE)$/i.test(word);
  const { mlPredict, mlEvaluate } = defineModelFunctions($, define, late);

  const join: Rule = define('join', () => {
    $.option(3, { GATE: () => startsAsOfJoin($), DEF: () => $.consume(0, kw('ASOF')) });
    $.option(0, () => {
      $.or(0, [
        { ALT: () => $.consume(0, kw('INNER')) },
        {
          ALT: () => {
            $.or(
              1,
              ['LEFT', 'RIGHT', 'FULL'].map((word) => ({ ALT: () => $.consume(0, kw(word)) })),
            );
            $.option(1, () => $.consume(0, kw('OUTER')));
          },
        },
      ]);
    });
    $.consume(0, kw('JOIN'));
    $.subrule(0, source);
    $.option(2, () => $.subrule(0, within));
    $.consume(0, kw('ON'));
    expression(0);
  });
  const within: Rule = define('within', () => {
    $.consume(0, kw('WITHIN'));
    $.or(0, [
      { ALT: () => $.subrule(0, late.r.duration) },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.subrule(1, late.r.duration);
          $.consume(0, t.Comma);
          $.subrule(2, late.r.duration);
          $.consume(0, t.RightParen);
        },
      },
    ]);
    $.option(0, () => {
      $.consume(0, kw('GRACE'));
      $.consume(0, kw('PERIOD'));
      $.subrule(3, late.r.duration);
    });
  });
  const invokeClause: Rule = define('invokeClause', () => {
    $.consume(0, kw('INVOKE'));
    $.consume(0, kw('MODEL'));
    $.subrule(0, late.r.name);
    $.option(0, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, late.r.version);
    });
    $.option(1, () => $.consume(0, kw('USING')));
    $.consume(0, t.LeftParen);
    $.or(0, [
      { ALT: () => $.consume(0, t.Star) },
      {
        ALT: () => {
          $.subrule(0, clauseArgument);
          $.many(0, () => {
            $.consume(0, t.Comma);
            $.subrule(1, clauseArgument);
          });
        },
      },
    ]);
    $.consume(0, t.RightParen);
    $.option(2, () => {
      $.consume(0, kw('ROUTE'));
      $.consume(0, kw('BY'));
      expression(0);
    });
    $.option(3, () => $.subrule(0, late.r.properties));
    $.option(4, () => $.consume(0, kw('AS')));
    $.subrule(1, late.r.name);
  });
  const clauseArgument: Rule = define('clauseArgument', () => {
    expression(0);
    $.option(0, () => {
      $.consume(0, kw('AS'));
      $.subrule(0, late.r.name);
    });
  });

  const window = defineWindow($, define, late);
  const valueRow: Rule = define('valueRow', () => {
    $.consume(0, t.LeftParen);
    expression(0);
    $.many(0, () => {
      $.consume(0, t.Comma);
      expression(1);
    });
    $.consume(0, t.RightParen);
  });
  return { query, selectItem, window, valueRow };
}
