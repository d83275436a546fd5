import type { IRecognitionException, IToken } from 'chevrotain';
import { nonReservedWords, reservedWords } from '../../grammar/keywords.ts';
import { parseStatement, tokenize } from '../../grammar/parser.ts';
import type { Source, Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { closest } from '../util/closest.ts';
import { InternalError } from '../util/internal-error.ts';
import { Cst } from './cst.ts';
import type { ExpressionNode } from './expressions.ts';
import { cureFor } from './other-dialects.ts';
import { shapes, type Statement } from './statements/index.ts';
import type { StatementShape } from './statements/shape.ts';

/** Deeper nesting is refused, because the parser is recursive and would overflow the stack. */
const maximumDepth = 250;

/** One statement of a script: its tokens and text, before it is parsed. */
export interface StatementText {
  readonly tokens: readonly IToken[];
  readonly text: string;
  readonly span: Span;
}

/** Splits a script at its semicolons. A last statement without a semicolon is an error, as in ksqlDB. */
export function splitScript(source: Source): StatementText[] {
  const tokens = lex(source);
  const statements: StatementText[] = [];
  let start = 0;
  tokens.forEach((token, i) => {
    if (token.tokenType.name !== 'Semicolon') return;
    const own = tokens.slice(start, i);
    start = i + 1;
    if (own.length === 0) return;
    const span = { source, start: own[0]!.startOffset, end: token.startOffset + 1 };
    statements.push({ tokens: own, text: source.text.slice(span.start, span.end), span });
  });
  if (start < tokens.length) {
    const last = tokens.at(-1)!;
    const end = (last.endOffset ?? last.startOffset) + 1;
    throw new SqlError('MISSING_SEMICOLON', { source, start: end - 1, end }, {});
  }
  return statements;
}

/** Parses every statement of a script. */
export function parseScript(source: Source): Statement[] {
  return splitScript(source).map((statement) => parse(statement));
}

export function parse({ tokens, span }: StatementText): Statement {
  const { source } = span;
  checkDepth(tokens, source);
  if (tokens[0]!.tokenType.name === 'EXPLAIN' && tokens.length > 2) {
    const inner = parse({ tokens: tokens.slice(1), text: '', span: { ...span, start: tokens[1]!.startOffset } });
    return { kind: 'explain', query: undefined, statement: source.text.slice(inner.span.start, inner.span.end), span };
  }
  const result = parseStatement(tokens);
  if (result.rule === undefined) throw unknownStatement(tokens, source);
  if (result.error !== undefined) throw syntaxError(result.error, tokens, source);
  const cst = new Cst(result.cst!, source);
  const shape = Object.values(shapes).find(({ rule }) => rule === result.rule) as StatementShape<Statement>;
  return shape.build(cst);
}

/** The tree of one expression that is part of this program. */
export function parseExpression(text: string): ExpressionNode {
  const [statement] = parseScript({ name: text, text: `SELECT ${text} FROM S;` });
  const item = statement?.kind === 'select' ? statement.query.select[0] : undefined;
  if (item?.kind !== 'expression') throw new InternalError(`${text} is no expression`);
  return item.expression;
}

function lex(source: Source): IToken[] {
  const { tokens, errors } = tokenize(source.text);
  const error = errors[0];
  if (error !== undefined) {
    const text = source.text.slice(error.offset, error.offset + Math.min(error.length, 20));
    throw new SqlError(
      'UNEXPECTED_CHARACTER',
      { source, start: error.offset, end: error.offset + error.length },
      { text },
    );
  }
  return tokens;
}

function checkDepth(tokens: readonly IToken[], source: Source): void {
  let depth = 0;
  let signs = 0;
  for (const token of tokens) {
    const name = token.tokenType.name;
    if (name === 'LeftParen' || name === 'LeftBracket' || name === 'CASE' || name === 'Less') depth++;
    else if (name === 'RightParen' || name === 'RightBracket' || name === 'END') depth--;
    else if (name === 'Greater') depth = Math.max(0, depth - 1);
    signs = name === 'NOT' || name === 'Minus' || name === 'Plus' ? signs + 1 : 0;
    if (depth > maximumDepth || signs > maximumDepth) {
      throw new SqlError(
        'NESTED_TOO_DEEP',
        { source, start: token.startOffset, end: token.startOffset + 1 },
        { limit: maximumDepth },
      );
    }
  }
}

function unknownStatement(tokens: readonly IToken[], source: Source): SqlError {
  const first = tokens[0]!;
  const starts =
    'SELECT CREATE DROP INSERT SHOW LIST DESCRIBE EXPLAIN PRINT TERMINATE PAUSE RESUME SET UNSET DEFINE UNDEFINE ALTER'.split(
      ' ',
    );
  const known = starts.includes(first.image.toUpperCase());
  const token = known ? (tokens[1] ?? first) : first;
  const span = { source, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
  const follow = 'STREAM TABLE MODEL FEATURE TYPE INTO SOURCE'.split(' ');
  return new SqlError('SYNTAX_ERROR', span, {
    found: token.image,
    expected: undefined,
    suggestion: closest(token.image, known ? follow : starts),
    cure: cureFor(tokens, tokens.indexOf(token)),
  });
}

const words = [...reservedWords, ...nonReservedWords];

function syntaxError(error: IRecognitionException, tokens: readonly IToken[], source: Source): SqlError {
  const atEnd = error.token.tokenType.name === 'EOF';
  const last = tokens.at(-1)!;
  const token = atEnd ? last : error.token;
  const end = (token.endOffset ?? token.startOffset) + 1;
  const span = atEnd ? { source, start: end - 1, end } : { source, start: token.startOffset, end };
  const expected = /--> (\w+) <--/.exec(error.message)?.[1];
  const isReserved = !atEnd && reservedWords.includes(token.image.toUpperCase());
  const near = atEnd || isReserved || !/^[A-Za-z]{3,}$/.test(token.image) ? undefined : closest(token.image, words);
  return new SqlError('SYNTAX_ERROR', span, {
    found: atEnd ? 'the end of the statement' : token.image,
    expected: expected === 'Name' && isReserved ? `a name (quote it: \`${token.image}\`)` : readable(expected),
    suggestion: near === token.image.toUpperCase() ? undefined : near,
    cure: cureFor(tokens, atEnd ? tokens.length : tokens.indexOf(token)),
  });
}

function readable(expected: string | undefined): string | undefined {
  const symbols: Record<string, string> = {
    LeftParen: '(',
    RightParen: ')',
    Comma: ',',
    Equal: '=',
    RightBracket: ']',
    Name: 'a name',
    StringLiteral: 'a string',
    IntegerLiteral: 'a number',
    Unit: 'a unit of time, such as MINUTES,',
    EOF: 'the end of the statement',
  };
  return expected === undefined ? undefined : (symbols[expected] ?? expected);
}
