import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Scores rows by a model, whose outputs become columns. */
export interface InvokeStep<Input> extends StepBase {
  readonly op: 'invoke';
  readonly input: Input;
  readonly model: string;
  readonly version: number | undefined;
  readonly args: readonly Expr[];
  readonly onError: string | undefined;
  readonly outputs: readonly { readonly output: string; readonly type: SqlType }[];
}

export const invoke = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: ({ args }) => args,
  functions: noFunctions,
} satisfies StepFacts<InvokeStep<StepBase>>;
