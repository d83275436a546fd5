import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Sets a new key; a repartition follows unless the input has only one partition. */
export interface RekeyStep<Input> extends StepBase {
  readonly op: 'streamRekey' | 'tableRekey';
  readonly input: Input;
  readonly keys: readonly Expr[];
  /** The input's slots of the columns after the key. */
  readonly rest: readonly number[];
  readonly dropNullKeys: boolean;
}

export const streamRekey = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: { same: ({ keys }, meaning) => keys.map(meaning) },
  placement: 'input',
  ownsRows: false,
  rerunnable: true,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ keys }) => keys,
  functions: noFunctions,
} satisfies StepFacts<RekeyStep<StepBase<number>>>;

export const tableRekey = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: { same: ({ keys }, meaning) => keys.map(meaning) },
  placement: 'input',
  ownsRows: false,
  rerunnable: true,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: ({ keys }) => keys,
  functions: noFunctions,
} satisfies StepFacts<RekeyStep<StepBase<number>>>;
