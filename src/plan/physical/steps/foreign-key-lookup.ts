import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { joinExpressions } from './join.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/**
 * The part of a foreign-key join at the right table: remembers which left rows refer to which right row, and emits answers by
 * the left key.
 */
export interface ForeignKeyLookupStep<Input> extends StepBase {
  readonly op: 'foreignKeyLookup';
  readonly left: Input;
  readonly right: Input;
  readonly join: 'INNER' | 'LEFT';
  /** How many left key columns follow the foreign key. */
  readonly keyCount: number;
  /** A further condition for a match, over the columns of the left row and then of the right row. */
  readonly matches?: Expr;
}

export const foreignKeyLookup = {
  version: 1,
  inputs: ['left', 'right'],
  state: { kind: 'keyed', parts: ['subscriptions', 'rows'], layout: 1 },
  replace: { never: 'ForeignKeyTableTableJoin, a join' },
  placement: 'right',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: joinExpressions,
  functions: noFunctions,
} satisfies StepFacts<ForeignKeyLookupStep<StepBase<number>>>;
