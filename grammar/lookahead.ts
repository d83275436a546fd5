import { tokenMatcher } from 'chevrotain';
import type { Dsl } from './rule.ts';
import * as t from './tokens.ts';
import { kw } from './tokens.ts';

/** Whether the next tokens start a clause (EMIT CHANGES, PARTITION BY, …), so that the word after a source is not its alias. */
export function startsClause($: Dsl): boolean {
  const next = (a: string, b: string): boolean => tokenMatcher($.LA(1), kw(a)) && tokenMatcher($.LA(2), kw(b));
  return (
    next('EMIT', 'CHANGES') ||
    next('EMIT', 'FINAL') ||
    next('PARTITION', 'BY') ||
    next('UNION', 'ALL') ||
    next('ORDER', 'BY') ||
    startsAsOfJoin($) ||
    (tokenMatcher($.LA(1), kw('OFFSET')) && tokenMatcher($.LA(2), t.IntegerLiteral))
  );
}

/** Whether the next tokens are ASOF JOIN, with the kind of the join between them or not. */
export const startsAsOfJoin = ($: Dsl): boolean =>
  tokenMatcher($.LA(1), kw('ASOF')) &&
  ['JOIN', 'INNER', 'LEFT', 'RIGHT', 'FULL'].some((word) => tokenMatcher($.LA(2), kw(word)));

/** Whether an expression begins at the token `n` ahead. */
export function startsOperand($: Dsl, n: number): boolean {
  const token = $.LA(n);
  const types = [t.Name, t.StringLiteral, t.IntegerLiteral, t.LeftParen, kw('CASE'), kw('CAST'), kw('NULL')];
  return types.some((type) => tokenMatcher(token, type));
}

/** The index of the parenthesis that closes the one at `from`; without one, the index of the end. */
export function closingParen($: Dsl, from: number): number {
  let depth = 0;
  for (let n = from; ; n++) {
    const token = $.LA(n);
    if (tokenMatcher(token, t.LeftParen)) depth++;
    else if (tokenMatcher(token, t.RightParen) && --depth === 0) return n;
    else if (token.tokenType.name === 'EOF') return n;
  }
}

/** Whether the clause that is being parsed ends at the token `n` ahead. */
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
