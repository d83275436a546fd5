import type { StepBase } from './base.ts';
import { noExpressions, noFunctions, type StepFacts } from './facts.ts';

/** The last part of a foreign-key join: keeps the newest answer of each left row, in whatever order answers arrive. */
export interface ForeignKeyResolveStep<Input> extends StepBase {
  readonly op: 'foreignKeyResolve';
  readonly input: Input;
  readonly keyCount: number;
}

export const foreignKeyResolve = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'ForeignKeyTableTableJoin, a join' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'always',
  expressions: noExpressions,
  functions: noFunctions,
} satisfies StepFacts<ForeignKeyResolveStep<StepBase<number>>>;
