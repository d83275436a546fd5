import type { DatagenSpec } from '../../../specs/datagen.ts';
import type { StepBase } from './base.ts';
import { noExpressions, noFunctions, type StepFacts } from './facts.ts';

/**
 * Makes rows by the clock. Its input is a topic of one partition without records: who reads that partition makes the rows, so that
 * one task does in a cluster, and another goes on from its state.
 */
export interface DatagenStep<Input> extends StepBase {
  readonly op: 'datagen';
  readonly input: Input;
  readonly spec: DatagenSpec;
}

export const datagen = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'generated rows' },
  placement: 'none',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: noExpressions,
  functions: noFunctions,
} satisfies StepFacts<DatagenStep<StepBase<number>>>;
