import type { Expr } from '../../../expressions/node.ts';
import type { OverFrame } from '../../../specs/window.ts';
import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** A function of the rows of a frame that ends at the current one. */
export interface OverCall extends StepCall {
  readonly frame: OverFrame;
}

/** Values over the rows of a partition up to each row. */
export interface OverStep<Input> extends StepBase {
  readonly op: 'over';
  readonly input: Input;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly calls: readonly OverCall[];
}

export const over = {
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
  expressions: ({ partitionBy, orderBy, calls }) => [...partitionBy, orderBy, ...calls.flatMap(({ args }) => args)],
  functions: ({ calls }) => calls.map(({ fn }) => fn),
} satisfies StepFacts<OverStep<StepBase>>;
