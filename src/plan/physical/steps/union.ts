import type { StepBase } from './base.ts';

/** The rows of two streams with the same columns, in the order in which they came. */
export interface UnionStep<Input> extends StepBase {
  readonly op: 'union';
  readonly left: Input;
  readonly right: Input;
}
