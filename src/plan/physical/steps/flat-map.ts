import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** Table functions: each row gives as many rows as the longest result. */
export interface FlatMapStep<Input> extends StepBase {
  readonly op: 'flatMap';
  readonly input: Input;
  readonly functions: readonly StepCall[];
}

export const flatMap = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: { never: 'StreamFlatMap, a table function' },
  placement: 'input',
  ownsRows: false,
  rerunnable: true,
  anyOrder: true,
  conflates: false,
  before: 'never',
  expressions: ({ functions }) => functions.flatMap(({ args }) => args),
  functions: ({ functions }) => functions.map(({ fn }) => fn),
} satisfies StepFacts<FlatMapStep<StepBase<number>>>;
