import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Keeps the rows that satisfy a predicate. */
export interface FilterStep<Input> extends StepBase {
  readonly op: 'streamFilter' | 'tableFilter';
  readonly input: Input;
  readonly predicate: Expr;
  /** Of a table: a row that never was there leaves no tombstone. */
  readonly silent?: true;
}

export const streamFilter = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: 'asInput',
  rerunnable: true,
  anyOrder: true,
  conflates: false,
  before: 'never',
  expressions: ({ predicate }) => [predicate],
  functions: noFunctions,
} satisfies StepFacts<FilterStep<StepBase>>;

export const tableFilter = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: false,
  rerunnable: true,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: ({ predicate }) => [predicate],
  functions: noFunctions,
} satisfies StepFacts<FilterStep<StepBase>>;
