import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

type Define = (name: string, body: () => void) => Rule;

/** Rules that several statements share: names, literals, types, property lists and column lists. */
export function defineCommon(
  $: Dsl,
  define: Define,
): Omit<
  SharedRules,
  | 'expression'
  | 'length'
  | 'orderItem'
  | 'query'
  | 'selectItem'
  | 'window'
  | 'valueRow'
  | 'monitorTarget'
  | 'monitorBaseline'
  | 'monitorCheck'
> {
  const is = (n: number, type: Parameters<typeof tokenMatcher>[1]): boolean => tokenMatcher($.LA(n), type);
  const name: Rule = define('name', () => $.consume(0, t.Name));
  /** The name of a topic or subject, which keeps its case even when unquoted. */
  const resource: Rule = define('resource', () => {
    $.or(0, [{ ALT: () => $.consume(0, t.Name) }, { ALT: () => $.consume(0, t.StringLiteral) }]);
  });
  const version: Rule = define('version', () => {
    $.or(0, [
      { ALT: () => $.consume(0, t.IntegerLiteral) },
      { ALT: () => $.consume(0, t.StringLiteral) },
      { ALT: () => $.consume(0, t.Name) },
    ]);
  });
  /** A part of a hundred; one below zero is refused later, in words. */
  const percent: Rule = define('percent', () => {
    $.option(0, () => $.consume(0, t.Minus));
    $.or(0, [
      { ALT: () => $.consume(0, t.IntegerLiteral) },
      { ALT: () => $.consume(0, t.DecimalLiteral) },
      { ALT: () => $.consume(0, t.FloatLiteral) },
    ]);
  });
  const routeTarget: Rule = define('routeTarget', () => {
    $.consume(0, kw('VERSION'));
    $.subrule(0, version);
    $.consume(0, kw('WEIGHT'));
    $.subrule(0, percent);
  });
  const shadowTarget: Rule = define('shadowTarget', () => {
    $.consume(0, kw('VERSION'));
    $.subrule(0, version);
    $.option(0, () => {
      $.consume(0, kw('SAMPLE'));
      $.subrule(0, percent);
    });
  });
  const literal: Rule = define('literal', () => {
    $.or(0, [
      { ALT: () => $.consume(0, t.StringLiteral) },
      { ALT: () => $.consume(0, t.IntegerLiteral) },
      { ALT: () => $.consume(0, t.DecimalLiteral) },
      { ALT: () => $.consume(0, t.FloatLiteral) },
      { ALT: () => $.consume(0, kw('TRUE')) },
      { ALT: () => $.consume(0, kw('FALSE')) },
      { ALT: () => $.consume(0, kw('NULL')) },
    ]);
  });
  const duration: Rule = define('duration', () => {
    $.consume(0, t.IntegerLiteral);
    $.consume(0, t.Unit);
  });

  const isWord = (n: number, word: string): boolean => $.LA(n).image.toUpperCase() === word;
  const type: Rule = define('type', () => {
    $.or(0, [
      {
        GATE: () => is(2, t.Less),
        ALT: () => {
          $.consume(0, kw('ARRAY'));
          $.consume(0, t.Less);
          $.subrule(0, type);
          $.consume(0, t.Greater);
        },
      },
      {
        GATE: () => is(2, t.Less),
        ALT: () => {
          $.consume(0, kw('MAP'));
          $.consume(1, t.Less);
          $.subrule(1, type);
          $.consume(0, t.Comma);
          $.subrule(2, type);
          $.consume(1, t.Greater);
        },
      },
      {
        GATE: () => is(2, t.Less) || is(2, t.NotEqual),
        ALT: () => {
          $.consume(0, kw('STRUCT'));
          $.or(1, [
            { ALT: () => $.consume(0, t.NotEqual) },
            {
              ALT: () => {
                $.consume(2, t.Less);
                $.option(0, () => {
                  $.subrule(0, structField);
                  $.many(0, () => {
                    $.consume(1, t.Comma);
                    $.subrule(1, structField);
                  });
                });
                $.consume(2, t.Greater);
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('DECIMAL'));
          $.consume(0, t.LeftParen);
          $.consume(0, t.IntegerLiteral);
          $.option(2, () => {
            $.consume(2, t.Comma);
            $.consume(1, t.IntegerLiteral);
          });
          $.consume(0, t.RightParen);
        },
      },
      {
        ALT: () => {
          $.subrule(0, name);
          $.option(4, {
            GATE: () => isWord(0, 'DOUBLE') && isWord(1, 'PRECISION'),
            DEF: () => $.subrule(1, name),
          });
          $.option(1, () => {
            $.consume(1, t.LeftParen);
            $.consume(2, t.IntegerLiteral);
            $.option(3, () => {
              $.consume(3, t.Comma);
              $.consume(3, t.IntegerLiteral);
            });
            $.consume(1, t.RightParen);
          });
        },
      },
    ]);
    // The postfix form of an array type: INT ARRAY.
    $.many(1, { GATE: () => is(1, kw('ARRAY')), DEF: () => $.consume(1, kw('ARRAY')) });
  });
  const structField: Rule = define('structField', () => {
    $.subrule(0, name);
    $.subrule(0, type);
  });

  const properties: Rule = define('properties', () => {
    $.consume(0, kw('WITH'));
    $.subrule(0, propertyList);
  });
  const propertyList: Rule = define('propertyList', () => {
    $.consume(0, t.LeftParen);
    $.option(0, () => {
      $.subrule(0, property);
      $.many(0, () => {
        $.consume(0, t.Comma);
        $.subrule(1, property);
      });
    });
    $.consume(0, t.RightParen);
  });
  const property: Rule = define('property', () => {
    $.subrule(0, optionName);
    $.consume(0, t.Equal);
    $.option(0, () => $.consume(0, t.Minus));
    $.or(1, [{ GATE: () => is(2, t.Unit), ALT: () => $.subrule(0, duration) }, { ALT: () => $.subrule(0, literal) }]);
  });

  const optionName: Rule = define('optionName', () => {
    $.or(0, [
      { ALT: () => $.subrule(0, name) },
      { ALT: () => $.consume(0, t.StringLiteral) },
      { ALT: () => $.consume(0, kw('CONNECTOR')) },
    ]);
  });

  const elements: Rule = define('elements', () => {
    $.consume(0, t.LeftParen);
    $.subrule(0, element);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, element);
    });
    $.consume(0, t.RightParen);
  });
  const element: Rule = define('element', () => {
    $.subrule(0, name);
    $.subrule(0, type);
    $.option(0, () => {
      $.or(0, [
        {
          ALT: () => {
            $.option(1, () => $.consume(0, kw('PRIMARY')));
            $.consume(0, kw('KEY'));
          },
        },
        { ALT: () => $.consume(0, kw('HEADERS')) },
        {
          ALT: () => {
            $.consume(0, kw('HEADER'));
            $.consume(0, t.LeftParen);
            $.consume(0, t.StringLiteral);
            $.consume(0, t.RightParen);
          },
        },
      ]);
    });
    $.option(2, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(1, t.StringLiteral);
    });
  });

  const addedColumn: Rule = define('addedColumn', () => {
    $.consume(0, kw('ADD'));
    // COLUMN may also be the column's name.
    $.option(0, {
      GATE: () => is(2, t.Name) && (is(3, t.Name) || is(3, kw('DECIMAL'))),
      DEF: () => $.consume(0, kw('COLUMN')),
    });
    $.subrule(0, name);
    $.subrule(0, type);
  });
  const notExists: Rule = define('notExists', () => {
    $.consume(0, kw('NOT'));
    $.consume(0, kw('EXISTS'));
  });
  const timeout: Rule = define('timeout', () => {
    $.consume(0, kw('TIMEOUT'));
    $.subrule(0, duration);
  });

  const orReplace: Rule = define('orReplace', () => {
    $.consume(0, kw('OR'));
    $.consume(0, kw('REPLACE'));
  });
  const ifNotExists: Rule = define('ifNotExists', () => {
    $.consume(0, kw('IF'));
    $.consume(0, kw('NOT'));
    $.consume(0, kw('EXISTS'));
  });
  const ifExists: Rule = define('ifExists', () => {
    $.consume(0, kw('IF'));
    $.consume(0, kw('EXISTS'));
  });
  const all = t.vocabulary.filter(
    (token) =>
      ![t.Semicolon, t.Unit, t.Name, t.WhiteSpace, t.LineComment, t.BlockComment].includes(token) &&
      (token.CATEGORIES?.length ?? 0) === 0,
  );
  const rest: Rule = define('rest', () => {
    $.many(0, () =>
      $.or(
        0,
        [...all, t.Name].map((token) => ({ ALT: () => $.consume(0, token) })),
      ),
    );
  });
  return {
    type,
    duration,
    properties,
    propertyList,
    optionName,
    elements,
    name,
    resource,
    version,
    routeTarget,
    shadowTarget,
    orReplace,
    ifNotExists,
    ifExists,
    literal,
    addedColumn,
    notExists,
    timeout,
    rest,
  };
}
