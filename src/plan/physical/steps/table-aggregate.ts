import type { AggregateCall } from '../../logical/node.ts';
import type { StepBase } from './base.ts';

export interface TableAggregateStep<Input> extends StepBase {
  readonly op: 'tableAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly AggregateCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
}
