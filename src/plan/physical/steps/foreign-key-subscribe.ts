import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** The first part of a foreign-key join: sends each left row to the partition of the right row that it refers to. */
export interface ForeignKeySubscribeStep<Input> extends StepBase {
  readonly op: 'foreignKeySubscribe';
  readonly input: Input;
  readonly foreignKeys: readonly Expr[];
  readonly join: 'INNER' | 'LEFT';
}

export const foreignKeySubscribe = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'ForeignKeyTableTableJoin, a join' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ foreignKeys }) => foreignKeys,
  functions: noFunctions,
} satisfies StepFacts<ForeignKeySubscribeStep<StepBase<number>>>;
