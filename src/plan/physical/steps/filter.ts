import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Keeps the rows that satisfy a predicate. */
export interface FilterStep<Input> extends StepBase<1 | 2> {
  readonly op: 'streamFilter' | 'tableFilter';
  readonly input: Input;
  readonly predicate: Expr;
  /** For a table: no tombstone for a row that did not match before. */
  readonly silent?: true;
  /** Of SELECT DISTINCT: a row that was there before is not told again, unless its ROWTIME, where it has a slot, is another one. */
  readonly distinct?: { readonly time?: number };
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
} satisfies StepFacts<FilterStep<StepBase<number>>>;

/** The step as version 1 wrote it, which had no `distinct`. */
export const tableFilterOfVersion1 = <Input>(stored: unknown): FilterStep<Input> => ({
  ...(stored as FilterStep<Input>),
  v: 2,
});

export const tableFilter = {
  version: 2,
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
} satisfies StepFacts<FilterStep<StepBase<number>>>;
