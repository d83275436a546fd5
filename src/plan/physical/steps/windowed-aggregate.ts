import type { WindowSpec } from '../../../specs/window.ts';
import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a stream in windows. */
export interface WindowedAggregateStep<Input> extends StepBase {
  readonly op: 'windowedAggregate' | 'sessionAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
  readonly window: WindowSpec;
  /** EMIT FINAL: a window's row is sent once, when it closes. */
  readonly final: boolean;
}

export const windowedAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'windowed', parts: [''], layout: 1 },
  replace: { never: 'a windowed aggregation' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(({ args }) => args),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<WindowedAggregateStep<StepBase>>;

export const sessionAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'windowed', parts: [''], layout: 1 },
  replace: { never: 'a windowed aggregation' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(({ args }) => args),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<WindowedAggregateStep<StepBase>>;
