import { tokenMatcher } from 'chevrotain';
import type { Dsl, Rule } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** `INTERVAL '5' MINUTE`; PostgreSQL's spelling has the unit within: `INTERVAL '5 minutes'`. */
export function defineInterval($: Dsl, define: (name: string, body: () => void) => Rule): Rule {
  // Units beside those of durations are no words of their own: columns have these names.
  const isCalendarUnit = (): boolean => /^(WEEK|MONTH|QUARTER|YEAR)S?$/i.test($.LA(1).image);
  return define('interval', () => {
    $.consume(0, kw('INTERVAL'));
    $.or(0, [{ ALT: () => $.consume(0, t.StringLiteral) }, { ALT: () => $.consume(0, t.IntegerLiteral) }]);
    $.option(0, {
      GATE: () => !/[a-z]/i.test($.LA(0).image) && (tokenMatcher($.LA(1), t.Unit) || isCalendarUnit()),
      DEF: () =>
        $.or(1, [
          { GATE: () => !isCalendarUnit(), ALT: () => $.consume(0, t.Unit) },
          { ALT: () => $.consume(0, kw('MONTHS')) },
          { ALT: () => $.consume(0, kw('YEARS')) },
          { ALT: () => $.consume(0, t.Name), IGNORE_AMBIGUITIES: true },
        ]),
    });
  });
}
