import type { StepBase } from './base.ts';
import { noExpressions, noFunctions, type StepFacts } from './facts.ts';

/** Combines two streams with the same columns, in order of arrival. */
export interface UnionStep<Input> extends StepBase {
  readonly op: 'union';
  readonly left: Input;
  readonly right: Input;
}

export const union = {
  version: 1,
  inputs: ['left', 'right'],
  state: 'none',
  replace: { same: () => [] },
  placement: 'none',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: noExpressions,
  functions: noFunctions,
} satisfies StepFacts<UnionStep<StepBase<number>>>;
