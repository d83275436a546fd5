import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { joinExpressions } from './join.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Holds who named which row, and answers with joined rows, by the key of the left table. */
export interface ForeignKeyLookupStep<Input> extends StepBase {
  readonly op: 'foreignKeyLookup';
  readonly left: Input;
  readonly right: Input;
  readonly join: 'INNER' | 'LEFT';
  /** How many columns of the left table's key come first behind the foreign key. */
  readonly keyCount: number;
  /** What a row and the one that it names must satisfy to be joined, over the columns of the two tables. */
  readonly matches?: Expr;
}

export const foreignKeyLookup = {
  version: 1,
  inputs: ['left', 'right'],
  state: { kind: 'keyed', parts: ['subscriptions', 'rows'], layout: 1 },
  replace: { never: 'a join' },
  placement: 'right',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: joinExpressions,
  functions: noFunctions,
} satisfies StepFacts<ForeignKeyLookupStep<StepBase>>;
