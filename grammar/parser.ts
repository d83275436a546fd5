import { CstParser, type CstNode, type ILexingResult, type IRecognitionException, type IToken } from 'chevrotain';
import { defineCommon } from './common.ts';
import { defineExpressions } from './expressions.ts';
import { defineQuery } from './query.ts';
import type { Dsl, Rule, SharedRules } from './rule.ts';
import { statementRules } from './statements/index.ts';
import { statementMatcher } from './statement-matcher.ts';
import { lexer, vocabulary } from './tokens.ts';

class SqlParser extends CstParser {
  readonly statements = new Map<string, Rule>();

  constructor() {
    super(vocabulary, { nodeLocationTracking: 'onlyOffset', recoveryEnabled: false, maxLookahead: 2 });
    const dsl = this as unknown as Dsl;
    const define = (name: string, body: () => void): Rule => this.RULE(name, body);
    // Rules call each other, so those that are defined first reach the later ones through this holder.
    const late = { r: {} as { -readonly [K in keyof SharedRules]: Rule }, over: undefined as unknown as Rule };
    Object.assign(late.r, defineCommon(dsl, define));
    const expressions = defineExpressions(dsl, define, late);
    late.r.expression = expressions.expression;
    late.over = expressions.over;
    Object.assign(late.r, defineQuery(dsl, define, late));
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
/** The only parser of the process: building one costs milliseconds, resetting one costs nothing. */
const parser = new SqlParser();

interface StatementCst {
  /** The name of the statement's rule, such as `createSource`; undefined when no statement starts like this. */
  readonly rule: string | undefined;
  readonly tokens: readonly IToken[];
  readonly cst: CstNode | undefined;
  readonly error: IRecognitionException | undefined;
}

export function tokenize(text: string): ILexingResult {
  return lexer.tokenize(text);
}

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

/** The grammar's productions, for the railroad diagrams. */
export function productions(): unknown {
  return parser.getSerializedGastProductions();
}
