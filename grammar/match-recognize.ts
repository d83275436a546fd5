import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

type Define = (name: string, body: () => void) => Rule;

/** MATCH_RECOGNIZE ( … ): the clauses in SQL's order; WITHIN stands behind the pattern, as Flink has it, and then GRACE PERIOD. */
export function defineMatchRecognize($: Dsl, define: Define, late: { readonly r: SharedRules }): Rule {
  const is = (n: number, type: Parameters<typeof tokenMatcher>[1]): boolean => tokenMatcher($.LA(n), type);
  const words = (...all: string[]): void => all.forEach((word, i) => $.consume(i, kw(word)));
  const matchRecognize: Rule = define('matchRecognize', () => {
    $.consume(0, kw('MATCH_RECOGNIZE'));
    $.consume(0, t.LeftParen);
    $.option(0, () => {
      $.consume(0, kw('PARTITION'));
      $.consume(0, kw('BY'));
      $.subrule(0, late.r.expression);
      $.many(0, () => {
        $.consume(0, t.Comma);
        $.subrule(1, late.r.expression);
      });
    });
    $.option(1, () => {
      $.consume(0, kw('ORDER'));
      $.consume(1, kw('BY'));
      $.subrule(0, late.r.orderItem);
      $.many(4, () => {
        $.consume(4, t.Comma);
        $.subrule(1, late.r.orderItem);
      });
    });
    $.option(2, () => {
      $.consume(0, kw('MEASURES'));
      $.subrule(0, measure);
      $.many(1, () => {
        $.consume(1, t.Comma);
        $.subrule(1, measure);
      });
    });
    $.option(3, () => $.subrule(0, rowsPerMatch));
    $.option(4, () => $.subrule(0, afterMatch));
    $.consume(0, kw('PATTERN'));
    $.consume(1, t.LeftParen);
    $.subrule(0, alternatives);
    $.consume(1, t.RightParen);
    $.option(5, () => $.subrule(0, matchWithin));
    $.option(8, () => $.subrule(0, matchGrace));
    $.option(6, () => {
      $.consume(0, kw('SUBSET'));
      $.subrule(0, subset);
      $.many(2, () => {
        $.consume(2, t.Comma);
        $.subrule(1, subset);
      });
    });
    $.option(7, () => {
      $.consume(0, kw('DEFINE'));
      $.subrule(0, definition);
      $.many(3, () => {
        $.consume(3, t.Comma);
        $.subrule(1, definition);
      });
    });
    $.consume(0, t.RightParen);
  });
  const measure: Rule = define('measure', () => {
    $.subrule(0, late.r.expression);
    $.consume(0, kw('AS'));
    $.subrule(0, late.r.name);
  });
  const rowsPerMatch: Rule = define('rowsPerMatch', () => {
    $.or(0, [
      { ALT: () => words('ONE', 'ROW', 'PER', 'MATCH') },
      {
        ALT: () => {
          $.consume(0, kw('ALL'));
          $.consume(0, kw('ROWS'));
          $.consume(1, kw('PER'));
          $.consume(1, kw('MATCH'));
        },
      },
    ]);
  });
  const afterMatch: Rule = define('afterMatch', () => {
    words('AFTER', 'MATCH', 'SKIP');
    $.or(0, [
      { ALT: () => words('PAST', 'LAST', 'ROW') },
      {
        GATE: () => is(2, kw('NEXT')) && is(3, kw('ROW')),
        ALT: () => {
          $.consume(0, kw('TO'));
          $.consume(0, kw('NEXT'));
          $.consume(1, kw('ROW'));
        },
      },
      {
        ALT: () => {
          $.consume(1, kw('TO'));
          $.option(0, {
            GATE: () => is(2, t.Name),
            DEF: () => $.or(1, [{ ALT: () => $.consume(0, kw('FIRST')) }, { ALT: () => $.consume(3, kw('LAST')) }]),
          });
          $.subrule(0, late.r.name);
        },
      },
    ]);
  });
  const alternatives: Rule = define('alternatives', () => {
    $.subrule(0, sequence);
    $.many(0, () => {
      $.consume(0, t.Pipe);
      $.subrule(1, sequence);
    });
  });
  const sequence: Rule = define('sequence', () => {
    $.subrule(0, factor);
    $.many(0, () => $.subrule(1, factor));
  });
  const factor: Rule = define('factor', () => {
    $.or(0, [
      { ALT: () => $.subrule(0, late.r.name) },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.subrule(0, alternatives);
          $.consume(0, t.RightParen);
        },
      },
    ]);
    $.option(0, () => $.subrule(0, quantifier));
  });
  const quantifier: Rule = define('quantifier', () => {
    $.or(0, [
      { ALT: () => $.consume(0, t.Star) },
      { ALT: () => $.consume(0, t.Plus) },
      { ALT: () => $.consume(0, t.Question) },
      {
        ALT: () => {
          $.consume(0, t.LeftBrace);
          $.option(0, () => $.consume(0, t.IntegerLiteral));
          $.option(1, () => {
            $.consume(0, t.Comma);
            $.option(2, () => $.subrule(0, most));
          });
          $.consume(0, t.RightBrace);
        },
      },
    ]);
    $.option(3, () => $.subrule(0, reluctant));
  });
  const most: Rule = define('most', () => void $.consume(0, t.IntegerLiteral));
  const reluctant: Rule = define('reluctant', () => void $.consume(0, t.Question));
  const matchWithin: Rule = define('matchWithin', () => {
    $.consume(0, kw('WITHIN'));
    $.subrule(0, late.r.length);
  });
  const matchGrace: Rule = define('matchGrace', () => {
    words('GRACE', 'PERIOD');
    $.subrule(0, late.r.length);
  });
  const subset: Rule = define('subset', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.Equal);
    $.consume(0, t.LeftParen);
    $.subrule(1, late.r.name);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(2, late.r.name);
    });
    $.consume(0, t.RightParen);
  });
  const definition: Rule = define('definition', () => {
    $.subrule(0, late.r.name);
    $.consume(0, kw('AS'));
    $.subrule(0, late.r.expression);
  });
  return matchRecognize;
}
