import type { IToken } from 'chevrotain';
import type { StatementRule } from './rule.ts';

interface Pattern {
  readonly name: string;
  readonly words: readonly { word: string; optional: boolean }[];
}

/** Selects a statement's rule by its first words; the matching pattern with the most words wins. */
export function statementMatcher(rules: readonly StatementRule[]): (tokens: readonly IToken[]) => string | undefined {
  const patterns: Pattern[] = rules
    .flatMap(({ name, starts }) =>
      starts.map((start) => ({
        name,
        words: start.split(' ').map((word) => ({ word: word.replace(/[[\]]/g, ''), optional: word.startsWith('[') })),
      })),
    )
    .sort((a, b) => required(b) - required(a));
  return (tokens) => patterns.find((pattern) => fits(pattern, tokens))?.name;
}

function required(pattern: Pattern): number {
  return pattern.words.filter(({ optional }) => !optional).length;
}

function fits(pattern: Pattern, tokens: readonly IToken[]): boolean {
  let at = 0;
  for (const { word, optional } of pattern.words) {
    const token = tokens[at];
    const matches =
      token !== undefined && (word === '*' || token.tokenType.name === word || token.image.toUpperCase() === word);
    if (matches) at++;
    else if (!optional) return false;
  }
  return true;
}
