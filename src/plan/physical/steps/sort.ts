import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import type { RankOrder } from './rank.ts';

/**
 * Puts the rows of a stream in order of time: each waits until stream time has passed its time and the grace, and one that comes later
 * is dropped. Rows of one time are in the order of `thenBy`, then of arrival; rows without a time, or
 * with a null in their partition, are left out.
 */
export interface SortStep<Input> extends StepBase {
  readonly op: 'sort';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly thenBy: readonly RankOrder[];
  readonly graceMs: number;
}

export const sort = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'ordered', parts: ['pending'], layout: 1 },
  replace: { never: 'an order by time' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ partitionBy, orderBy, thenBy }) => [...partitionBy, orderBy, ...thenBy.map(({ expr }) => expr)],
  functions: noFunctions,
} satisfies StepFacts<SortStep<StepBase<number>>>;
