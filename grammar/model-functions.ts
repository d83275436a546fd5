import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/**
 * Flink's functions of models that stand in FROM: ML_PREDICT(TABLE s, MODEL m, DESCRIPTOR(a, b), MAP['on_error', 'NULL']), or with
 * INPUT =>, MODEL =>, ARGS =>, CONFIG =>; ML_EVALUATE has the label's DESCRIPTOR before the arguments and a task behind them.
 */
export function defineModelFunctions(
  $: Dsl,
  define: (name: string, body: () => void) => Rule,
  late: { readonly r: SharedRules },
): { readonly mlPredict: Rule; readonly mlEvaluate: Rule } {
  const isNamed = (): boolean => tokenMatcher($.LA(2), t.FatArrow);
  const named = (n: number): void => $.option(n, { GATE: isNamed, DEF: () => $.subrule(n, argumentName) });
  const mlPredict: Rule = define('mlPredict', () => {
    $.consume(0, kw('ML_PREDICT'));
    $.consume(0, t.LeftParen);
    $.subrule(0, scoredTable);
    $.consume(1, t.Comma);
    named(2);
    $.subrule(0, columnList);
    $.option(0, () => {
      $.consume(2, t.Comma);
      named(3);
      $.subrule(0, callOptions);
    });
    $.consume(0, t.RightParen);
  });
  const mlEvaluate: Rule = define('mlEvaluate', () => {
    $.consume(0, kw('ML_EVALUATE'));
    $.consume(0, t.LeftParen);
    $.subrule(0, scoredTable);
    $.consume(1, t.Comma);
    named(2);
    $.subrule(0, columnList);
    $.consume(2, t.Comma);
    named(3);
    $.subrule(1, columnList);
    // What stands behind the comma may have its name before it.
    const behindComma = (word: Parameters<typeof tokenMatcher>[1]) => (): boolean =>
      tokenMatcher($.LA(tokenMatcher($.LA(3), t.FatArrow) ? 4 : 2), word);
    $.option(0, {
      GATE: behindComma(t.StringLiteral),
      DEF: () => {
        $.consume(3, t.Comma);
        named(4);
        $.consume(0, t.StringLiteral);
      },
    });
    $.option(1, {
      GATE: behindComma(kw('MAP')),
      DEF: () => {
        $.consume(4, t.Comma);
        named(5);
        $.subrule(0, callOptions);
      },
    });
    $.consume(0, t.RightParen);
  });
  /** TABLE s, MODEL m VERSION 2. */
  const scoredTable: Rule = define('scoredTable', () => {
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
  });
  const columnList: Rule = define('columnList', () => {
    $.consume(0, kw('DESCRIPTOR'));
    $.consume(0, t.LeftParen);
    $.subrule(0, late.r.name);
    $.many(0, () => {
      $.consume(0, t.Comma);
      $.subrule(1, late.r.name);
    });
    $.consume(0, t.RightParen);
  });
  const callOptions: Rule = define('callOptions', () => {
    $.consume(0, kw('MAP'));
    const list = (n: number): void => {
      $.subrule(2 * n, callOption);
      $.many(n, () => {
        $.consume(n, t.Comma);
        $.subrule(2 * n + 1, callOption);
      });
    };
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, t.LeftBracket);
          list(0);
          $.consume(0, t.RightBracket);
        },
      },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          list(1);
          $.consume(0, t.RightParen);
        },
      },
    ]);
  });
  const argumentName: Rule = define('argumentName', () => {
    $.subrule(0, late.r.name);
    $.consume(0, t.FatArrow);
  });
  const callOption: Rule = define('callOption', () => {
    $.consume(0, t.StringLiteral);
    $.or(0, [{ ALT: () => $.consume(0, t.Comma) }, { ALT: () => $.consume(0, t.Assign) }]);
    $.subrule(0, late.r.literal);
  });
  return { mlPredict, mlEvaluate };
}
