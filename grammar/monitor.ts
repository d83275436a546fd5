import type { Dsl, Rule, SharedRules } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** The parts of CREATE MONITOR. */
export function defineMonitor(
  $: Dsl,
  define: (name: string, body: () => void) => Rule,
  late: { readonly r: SharedRules },
): Pick<SharedRules, 'monitorTarget' | 'monitorBaseline' | 'monitorCheck'> {
  const monitorTarget = define('monitorTarget', () => {
    $.or(0, [
      { ALT: () => $.consume(0, kw('STREAM')) },
      { ALT: () => $.consume(0, kw('TABLE')) },
      { ALT: () => $.consume(0, kw('QUERY')) },
      { ALT: () => $.consume(0, kw('MODEL')) },
      {
        ALT: () => {
          $.consume(0, kw('FEATURE'));
          $.consume(0, kw('VIEW'));
        },
      },
    ]);
    $.subrule(0, late.r.name);
    $.option(0, () => {
      $.consume(0, kw('VERSION'));
      $.subrule(0, late.r.version);
    });
  });
  const monitorBaseline = define('monitorBaseline', () => {
    $.or(0, [
      {
        ALT: () => {
          $.consume(0, kw('TRAINING'));
          $.consume(0, kw('SET'));
          $.subrule(0, late.r.name);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('STREAM'));
          $.subrule(1, late.r.name);
          $.consume(0, kw('FROM'));
          $.consume(0, t.StringLiteral);
          $.consume(0, kw('TO'));
          $.consume(1, t.StringLiteral);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('MODEL'));
          $.subrule(2, late.r.name);
          $.option(0, () => {
            $.consume(0, kw('VERSION'));
            $.subrule(0, late.r.version);
          });
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('PREVIOUS'));
          $.option(1, () => $.consume(0, t.IntegerLiteral));
          $.or(1, [{ ALT: () => $.consume(0, kw('WINDOW')) }, { ALT: () => $.consume(0, kw('WINDOWS')) }]);
        },
      },
      {
        ALT: () => {
          $.consume(0, t.LeftParen);
          $.subrule(0, late.r.query);
          $.consume(0, t.RightParen);
        },
      },
    ]);
  });
  const monitorCheck = define('monitorCheck', () => {
    $.option(0, () => {
      $.consume(0, kw('CONSTRAINT'));
      $.subrule(0, late.r.name);
    });
    $.consume(0, kw('CHECK'));
    $.consume(0, t.LeftParen);
    $.subrule(0, late.r.expression);
    $.consume(0, t.RightParen);
    $.option(1, () => {
      $.consume(0, kw('SEVERITY'));
      $.consume(0, t.StringLiteral);
    });
    $.option(2, () => {
      $.consume(0, kw('FOR'));
      $.consume(0, t.IntegerLiteral);
      $.or(0, [{ ALT: () => $.consume(0, kw('WINDOW')) }, { ALT: () => $.consume(0, kw('WINDOWS')) }]);
    });
  });
  return { monitorTarget, monitorBaseline, monitorCheck };
}
