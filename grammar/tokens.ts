import { createToken, Lexer, type TokenType } from 'chevrotain';
import { nonReservedWords, reservedWords } from './keywords.ts';

export const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
export const LineComment = createToken({ name: 'LineComment', pattern: /--[^\n\r]*/, group: 'comments' });
export const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[^]*?\*\//,
  group: 'comments',
  line_breaks: true,
});

/** Tokens that can be a name: identifiers and keywords that are not reserved. */
export const Name = createToken({ name: 'Name', pattern: Lexer.NA });
/** MILLISECOND(S) to DAY(S): the units of windows, reserved or not. */
export const Unit = createToken({ name: 'Unit', pattern: Lexer.NA });

const Identifier = createToken({ name: 'Identifier', pattern: /[A-Za-z_][A-Za-z0-9_@]*/, categories: [Name] });
const DigitIdentifier = createToken({
  name: 'DigitIdentifier',
  pattern: /\d[A-Za-z0-9_@]*[A-Za-z_@][A-Za-z0-9_@]*/,
  categories: [Name],
});
const QuotedIdentifier = createToken({
  name: 'QuotedIdentifier',
  pattern: /`(?:[^`]|``)*`|"(?:[^"]|"")*"/,
  line_breaks: true,
  categories: [Name],
});
export const StringLiteral = createToken({ name: 'StringLiteral', pattern: /'(?:[^']|'')*'/, line_breaks: true });
export const FloatLiteral = createToken({ name: 'FloatLiteral', pattern: /(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+/ });
export const DecimalLiteral = createToken({ name: 'DecimalLiteral', pattern: /\d+\.\d*|\.\d+/ });
export const IntegerLiteral = createToken({ name: 'IntegerLiteral', pattern: /\d+/ });
const Variable = createToken({ name: 'Variable', pattern: /\$\{[^}\n]*\}/ });

const units = new Set('MILLISECOND MILLISECONDS SECOND SECONDS MINUTE MINUTES HOUR HOURS DAY DAYS'.split(' '));
const keywordTokens = new Map<string, TokenType>();
for (const [words, reserved] of [
  [reservedWords, true],
  [nonReservedWords, false],
] as const) {
  for (const word of words) {
    const categories = [...(reserved ? [] : [Name]), ...(units.has(word) ? [Unit] : [])];
    keywordTokens.set(
      word,
      createToken({
        name: word,
        pattern: new RegExp(word, 'i'),
        longer_alt: Identifier,
        start_chars_hint: [word[0]!, word[0]!.toLowerCase()],
        categories,
      }),
    );
  }
}

/** The token of a keyword; a word that `keywords.ts` lacks throws when the grammar is loaded. */
export function kw(word: string): TokenType {
  const token = keywordTokens.get(word);
  if (token === undefined) throw new TypeError(`no keyword ${word}`);
  return token;
}

const symbol = (name: string, pattern: string): TokenType => createToken({ name, pattern });
export const Concat = symbol('Concat', '||');
export const DoubleColon = symbol('DoubleColon', '::');
export const Assign = symbol('Assign', ':=');
export const Arrow = symbol('Arrow', '->');
export const FatArrow = symbol('FatArrow', '=>');
export const NotEqual = createToken({ name: 'NotEqual', pattern: /<>|!=/ });
export const LessEqual = symbol('LessEqual', '<=');
export const GreaterEqual = symbol('GreaterEqual', '>=');
export const Equal = symbol('Equal', '=');
export const Less = symbol('Less', '<');
export const Greater = symbol('Greater', '>');
export const Plus = symbol('Plus', '+');
export const Minus = symbol('Minus', '-');
export const Star = symbol('Star', '*');
export const Slash = symbol('Slash', '/');
export const Percent = symbol('Percent', '%');
export const Dot = symbol('Dot', '.');
export const Comma = symbol('Comma', ',');
export const LeftParen = symbol('LeftParen', '(');
export const RightParen = symbol('RightParen', ')');
export const LeftBracket = symbol('LeftBracket', '[');
export const RightBracket = symbol('RightBracket', ']');
export const LeftBrace = symbol('LeftBrace', '{');
export const RightBrace = symbol('RightBrace', '}');
export const Question = symbol('Question', '?');
export const Pipe = symbol('Pipe', '|');
export const Semicolon = symbol('Semicolon', ';');

/** The tokens in lexer order: the first of the longest matches wins. */
export const vocabulary: TokenType[] = [
  WhiteSpace,
  LineComment,
  BlockComment,
  FloatLiteral,
  DigitIdentifier,
  DecimalLiteral,
  IntegerLiteral,
  ...[...keywordTokens.entries()].sort(([a], [b]) => b.length - a.length).map(([, token]) => token),
  Identifier,
  QuotedIdentifier,
  StringLiteral,
  Variable,
  Concat,
  DoubleColon,
  Assign,
  Arrow,
  FatArrow,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Equal,
  Less,
  Greater,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  Dot,
  Comma,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Question,
  Pipe,
  Semicolon,
  Name,
  Unit,
];

/** Whether its tokens are well made is looked at by a test, not at each start. */
export const lexer = new Lexer(vocabulary, {
  ensureOptimizations: true,
  positionTracking: 'full',
  skipValidations: true,
});
