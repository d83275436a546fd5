import type { AggregateCall } from '../../logical/node.ts';
import type { WindowSpec } from '../../window.ts';
import type { StepBase } from './base.ts';

export interface WindowedAggregateStep<Input> extends StepBase {
  readonly op: 'windowedAggregate' | 'sessionAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly AggregateCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
  readonly window: WindowSpec;
  /** EMIT FINAL: a window's row is sent once, when it closes. */
  readonly final: boolean;
}
