import { tokenMatcher } from 'chevrotain';
import type { Dsl } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** EMIT CHANGES, PARTITION BY, … after a source are the next clause and no alias. */
export function startsClause($: Dsl): boolean {
  const next = (a: string, b: string): boolean => tokenMatcher($.LA(1), kw(a)) && tokenMatcher($.LA(2), kw(b));
  return (
    next('EMIT', 'CHANGES') ||
    next('EMIT', 'FINAL') ||
    next('PARTITION', 'BY') ||
    next('UNION', 'ALL') ||
    next('ORDER', 'BY')
  );
}

/** The place of the parenthesis that closes the one at `from`, or of the end. */
export function closingParen($: Dsl, from: number): number {
  let depth = 0;
  for (let n = from; ; n++) {
    const token = $.LA(n);
    if (tokenMatcher(token, t.LeftParen)) depth++;
    else if (tokenMatcher(token, t.RightParen) && --depth === 0) return n;
    else if (token.tokenType.name === 'EOF') return n;
  }
}

/** Whether a query's select list and what follows it end at the token `n` ahead. */
export function endsClause($: Dsl, n: number): boolean {
  const token = $.LA(n);
  const words = ['PARTITION', 'HAVING', 'WINDOW', 'QUALIFY', 'EMIT', 'LIMIT', 'UNION', 'ORDER'];
  return (
    token.tokenType.name === 'EOF' ||
    tokenMatcher(token, t.Semicolon) ||
    tokenMatcher(token, t.RightParen) ||
    words.some((word) => tokenMatcher(token, kw(word)))
  );
}
