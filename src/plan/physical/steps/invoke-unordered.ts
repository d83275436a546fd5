import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import type { InvokeStep } from './invoke.ts';

/**
 * Scores rows by a model, and gives each when it is answered: those of one ROUTE BY, or of one key, in the order in which they came, others in
 * that of the answers. Rows that wait for an answer at a commit are its state, and are scored again by who goes on from there.
 */
export interface InvokeUnorderedStep<Input> extends Omit<InvokeStep<Input>, 'op' | 'v'>, StepBase {
  readonly op: 'invokeUnordered';
}

export const invokeUnordered = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: ['waiting'], layout: 1 },
  replace: { never: "INVOKE MODEL with OUTPUT_MODE='UNORDERED'" },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: ({ args, routeBy }) => [...args, ...routeBy],
  functions: noFunctions,
} satisfies StepFacts<InvokeUnorderedStep<StepBase<number>>>;
