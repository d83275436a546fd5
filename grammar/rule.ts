import type { CstNode, IToken, ParserMethod, TokenType } from 'chevrotain';

export type Rule = ParserMethod<[], CstNode>;

interface Alternative {
  readonly ALT: () => unknown;
  readonly GATE?: () => boolean;
  /** The first alternative that fits is meant. */
  readonly IGNORE_AMBIGUITIES?: boolean;
}

/** The part of Chevrotain's DSL that a rule may use; `n` tells the uses of one kind in a rule apart. */
export interface Dsl {
  consume(n: number, token: TokenType): IToken;
  subrule(n: number, rule: Rule): CstNode;
  option(n: number, action: (() => void) | { GATE: () => boolean; DEF: () => void }): void;
  many(n: number, action: (() => void) | { GATE: () => boolean; DEF: () => void }): void;
  or(n: number, alternatives: Alternative[]): unknown;
  LA(howMuch: number): IToken;
}

/** The rules that statements share. */
export interface SharedRules {
  readonly expression: Rule;
  readonly type: Rule;
  readonly query: Rule;
  readonly window: Rule;
  readonly duration: Rule;
  readonly properties: Rule;
  readonly elements: Rule;
  readonly name: Rule;
  readonly resource: Rule;
  readonly version: Rule;
  readonly orReplace: Rule;
  readonly ifNotExists: Rule;
  readonly ifExists: Rule;
  readonly literal: Rule;
  /** ADD [COLUMN] name type. */
  readonly addedColumn: Rule;
  readonly notExists: Rule;
  readonly timeout: Rule;
  /** Any tokens up to the end of the statement: for constructs that are recognised and not supported yet. */
  readonly rest: Rule;
}

/**
 * One statement: the words it starts with pick the rule, so that a new statement never makes another one ambiguous.
 * `starts` holds alternatives; `[X]` is an optional word, `*` any one token, and longer matches win.
 */
export interface StatementRule {
  readonly name: string;
  readonly starts: readonly string[];
  readonly rule: ($: Dsl, r: SharedRules) => void;
}
