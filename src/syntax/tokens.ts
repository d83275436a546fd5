import type { IToken } from 'chevrotain';
import { nonReservedWords, reservedWords } from '../../grammar/keywords.ts';
import { tokenize } from '../../grammar/parser.ts';

interface TextToken {
  readonly start: number;
  readonly end: number;
  readonly kind: 'keyword' | 'string' | 'number' | 'comment' | 'name' | 'symbol';
}

const keywords = new Set([...reservedWords, ...nonReservedWords]);
export const keywordList: readonly string[] = [...keywords].sort();

/** The tokens of a text in order, comments included; text that is no token is left out. */
export function tokensOf(text: string): TextToken[] {
  const { tokens, groups } = tokenize(text);
  const all = [...tokens, ...(groups['comments'] ?? [])].sort((a, b) => a.startOffset - b.startOffset);
  return all.map((token) => ({
    start: token.startOffset,
    end: (token.endOffset ?? token.startOffset) + 1,
    kind: kindOf(token),
  }));
}

function kindOf({ tokenType: { name } }: IToken): TextToken['kind'] {
  if (keywords.has(name)) return 'keyword';
  if (name === 'StringLiteral') return 'string';
  if (name.endsWith('Comment')) return 'comment';
  if (name.endsWith('Literal')) return 'number';
  return name.endsWith('Identifier') ? 'name' : 'symbol';
}
