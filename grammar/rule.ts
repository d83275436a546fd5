import type { CstNode, IToken, ParserMethod, TokenType } from 'chevrotain';

export type Rule = ParserMethod<[], CstNode>;

interface Alternative {
  readonly ALT: () => unknown;
  readonly GATE?: () => boolean;
  /** Takes the first alternative that fits. */
  readonly IGNORE_AMBIGUITIES?: boolean;
}

/** The part of Chevrotain's DSL that rules use; `n` numbers the uses of the same method within a rule. */
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
  readonly selectItem: Rule;
  /** `(value, …)`: one row of VALUES. */
  readonly valueRow: Rule;
  readonly window: Rule;
  readonly monitorTarget: Rule;
  readonly monitorBaseline: Rule;
  readonly monitorCheck: Rule;
  readonly duration: Rule;
  /** A duration, or an interval that stands for one. */
  readonly length: Rule;
  /** An item of ORDER BY. */
  readonly orderItem: Rule;
  readonly properties: Rule;
  readonly propertyList: Rule;
  readonly optionName: Rule;
  readonly elements: Rule;
  readonly name: Rule;
  readonly resource: Rule;
  readonly version: Rule;
  /** VERSION v WEIGHT n */
  readonly routeTarget: Rule;
  /** VERSION v [SAMPLE n] */
  readonly shadowTarget: Rule;
  readonly orReplace: Rule;
  readonly ifNotExists: Rule;
  readonly ifExists: Rule;
  readonly literal: Rule;
  /** ADD [COLUMN] name type. */
  readonly addedColumn: Rule;
  readonly notExists: Rule;
  readonly timeout: Rule;
  /** Any tokens up to the end of the statement, for constructs that are recognised but not supported. */
  readonly rest: Rule;
}

/**
 * The rule of one statement. Its first words select it, so that a new statement cannot make others ambiguous. `starts` lists
 * alternatives; `[X]` is an optional word and `*` any one token. The longest match wins.
 */
export interface StatementRule {
  readonly name: string;
  readonly starts: readonly string[];
  readonly rule: ($: Dsl, r: SharedRules) => void;
}
