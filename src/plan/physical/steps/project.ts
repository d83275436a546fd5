import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Computes new rows, one expression per column. */
export interface ProjectStep<Input> extends StepBase {
  readonly op: 'project';
  readonly input: Input;
  /** One expression per column. */
  readonly exprs: readonly Expr[];
}

export const project = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: true,
  rerunnable: true,
  anyOrder: true,
  conflates: false,
  before: 'asInput',
  expressions: ({ exprs }) => exprs,
  functions: noFunctions,
} satisfies StepFacts<ProjectStep<StepBase<number>>>;
