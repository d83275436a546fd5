import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** A new key; rows then pass through a repartition topic unless only one partition is there. */
export interface RekeyStep<Input> extends StepBase {
  readonly op: 'streamRekey' | 'tableRekey';
  readonly input: Input;
  readonly keys: readonly Expr[];
  /** The slots of the input behind the columns that follow the key. */
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
} satisfies StepFacts<RekeyStep<StepBase>>;

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
} satisfies StepFacts<RekeyStep<StepBase>>;
