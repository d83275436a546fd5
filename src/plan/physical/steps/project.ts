import type { NamedExpr } from '../../logical/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Makes new rows of rows, column by column. */
export interface ProjectStep<Input> extends StepBase {
  readonly op: 'project';
  readonly input: Input;
  readonly exprs: readonly NamedExpr[];
}

export const project = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: true,
  rerunnable: true,
  conflates: false,
  before: 'asInput',
  expressions: ({ exprs }) => exprs.map(({ expr }) => expr),
  functions: noFunctions,
} satisfies StepFacts<ProjectStep<StepBase>>;
