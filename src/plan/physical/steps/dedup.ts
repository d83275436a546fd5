import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/**
 * The first row of each partition in order of time, with its number, which is 1: what ROW_NUMBER keeps by `= 1`. A row is left out when
 * one of its partition came before it that is not later; with `ttlMs`, one that is less than this earlier.
 */
export interface DedupStep<Input> extends StepBase {
  readonly op: 'dedup';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  /** How often the number stands in a row. */
  readonly numbers: number;
  /** Rows later than this behind stream time are dropped. */
  readonly graceMs: number;
  /** STATE_TTL: absent, every key is kept for ever. */
  readonly ttlMs?: number;
}

export const dedup = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'ordered', parts: [''], layout: 1 },
  replace: { never: 'a window function' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ partitionBy, orderBy }) => [...partitionBy, orderBy],
  functions: noFunctions,
} satisfies StepFacts<DedupStep<StepBase<number>>>;
