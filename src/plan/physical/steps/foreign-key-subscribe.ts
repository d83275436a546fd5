import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Sends each row of a table to where the row is that its foreign keys name. */
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
  replace: { never: 'a join' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ foreignKeys }) => foreignKeys,
  functions: noFunctions,
} satisfies StepFacts<ForeignKeySubscribeStep<StepBase>>;
