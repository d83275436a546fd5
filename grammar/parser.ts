import {
  CstParser,
  type CstNode,
  type ILexingResult,
  type IRecognitionException,
  type IToken,
  type TokenType,
} from 'chevrotain';
import { defineCommon } from './common.ts';
import { defineExpressions } from './expressions.ts';
import { LazyLookahead } from './lazy-lookahead.ts';
import { defineMonitor } from './monitor.ts';
import { defineQuery } from './query.ts';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import { statementRules } from './statements/index.ts';
import { statementMatcher } from './statement-matcher.ts';
import { Equal, Greater, lexer, vocabulary } from './tokens.ts';

const maxLookahead = 2;

/** The rules of all statements. Whether they are ambiguous is looked at by a test, not at each start. */
export class SqlParser extends CstParser {
  readonly statements = new Map<string, Rule>();

  constructor({ skipValidations = true } = {}) {
    super(vocabulary, {
      nodeLocationTracking: 'onlyOffset',
      recoveryEnabled: false,
      maxLookahead,
      lookaheadStrategy: new LazyLookahead({ maxLookahead }),
      skipValidations,
    });
    const dsl = this as unknown as Dsl;
    const define = (name: string, body: () => void): Rule => this.RULE(name, body);
    // Rules call each other, so those that are defined first reach the later ones through this holder.
    const late = { r: {} as { -readonly [K in keyof SharedRules]: Rule }, over: undefined as unknown as Rule };
    Object.assign(late.r, defineCommon(dsl, define));
    const { over, ...expressions } = defineExpressions(dsl, define, late);
    Object.assign(late.r, expressions);
    late.over = over;
    Object.assign(late.r, defineQuery(dsl, define, late));
    Object.assign(late.r, defineMonitor(dsl, define, late));
    for (const { name, rule } of statementRules) {
      this.statements.set(
        name,
        define(name, () => rule(dsl, late.r)),
      );
    }
    this.performSelfAnalysis();
  }
}

const matcher = statementMatcher(statementRules);
/** The only parser of the process: building one takes long, resetting one nothing. */
const parser = new SqlParser();

interface StatementCst {
  /** The name of the statement's rule, such as `createSource`; undefined when no statement starts like this. */
  readonly rule: string | undefined;
  readonly tokens: readonly IToken[];
  readonly cst: CstNode | undefined;
  readonly error: IRecognitionException | undefined;
}

export function tokenize(text: string): ILexingResult {
  const result = lexer.tokenize(text);
  return { ...result, tokens: splitClosings(result.tokens) };
}

/** In `x::ARRAY<INT>=y` the lexer sees `>=`, where `>` ends the type: of such a token two are made. */
function splitClosings(tokens: readonly IToken[]): IToken[] {
  let depth = 0;
  return tokens.flatMap((token, i) => {
    const { name } = token.tokenType;
    if (depth > 0 || (name === 'Less' && tokens[i - 2]?.tokenType.name === 'DoubleColon')) {
      if (name === 'Less') depth++;
      else if (name === 'Greater') depth--;
      else if (name === 'Semicolon') depth = 0;
      else if (name === 'GreaterEqual' && --depth === 0) return [part(token, Greater, 0), part(token, Equal, 1)];
    }
    return [token];
  });
}
const part = (token: IToken, tokenType: TokenType, at: 0 | 1): IToken => ({
  ...token,
  image: token.image[at]!,
  startOffset: token.startOffset + at,
  endOffset: token.startOffset + at,
  tokenType,
  tokenTypeIdx: tokenType.tokenTypeIdx!,
});

/** Parses the tokens of one statement, without its semicolon. */
export function parseStatement(tokens: readonly IToken[]): StatementCst {
  const rule = matcher(tokens);
  if (rule === undefined) return { rule, tokens, cst: undefined, error: undefined };
  return { rule, tokens, ...run(parser.statements.get(rule)!, tokens) };
}

function run(rule: Rule, tokens: readonly IToken[]): { cst: CstNode; error: IRecognitionException | undefined } {
  parser.input = tokens as IToken[];
  const cst = rule.call(parser);
  const error = parser.errors[0];
  return { cst, error };
}

/** A token that may come next, and the rules that would take it, from the statement's own inwards. */
export interface ExpectedToken {
  readonly type: TokenType;
  readonly rules: readonly string[];
}

/** What may follow the tokens of a statement that is not finished; nothing where no statement begins so. */
export const expectedAfter = (tokens: readonly IToken[]): ExpectedToken[] =>
  [...parser.statements.keys()].flatMap((rule) =>
    parser
      .computeContentAssist(rule, tokens as IToken[])
      .map(({ nextTokenType, ruleStack }) => ({ type: nextTokenType, rules: ruleStack })),
  );

/** The grammar's productions, for the railroad diagrams. */
export function productions(): unknown {
  return parser.getSerializedGastProductions();
}
