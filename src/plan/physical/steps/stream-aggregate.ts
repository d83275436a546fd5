import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a stream without windows. */
export interface StreamAggregateStep<Input> extends StepBase {
  readonly op: 'streamAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
}

export const streamAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: {
    same: ({ keyCount, aggregates }, meaning) => [
      keyCount,
      ...aggregates.map(({ fn, args, type }) => [fn, args.map(meaning), type]),
    ],
  },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(({ args }) => args),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<StreamAggregateStep<StepBase>>;
