import { expressionsOf, type StepBase, type StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a stream without windows. */
export interface StreamAggregateStep<Input> extends StepBase {
  readonly op: 'streamAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Present when these are the SQL standard's functions, of a feature view; without it they are ksqlDB's. */
  readonly set?: 'standard';
  /** Set for SELECT DISTINCT: the time of a group is that of the row which made it. */
  readonly distinct?: true;
  /** Set where a group may have NULL in its key: in what a pull query computes. */
  readonly nullKeys?: true;
  /** Set when the next step needs the previous row of a change. */
  readonly withBefore?: true;
  /** STATE_TTL: how long a group is kept that does not change; absent: for ever. */
  readonly ttlMs?: number;
}

export const streamAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: ['', 'touched'], layout: 1 },
  replace: {
    same: ({ keyCount, aggregates, set, distinct, ttlMs }, meaning) => [
      keyCount,
      set,
      distinct,
      ttlMs,
      ...aggregates.map((call) => [call.fn, expressionsOf(call).map(meaning), call.type]),
    ],
  },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(expressionsOf),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<StreamAggregateStep<StepBase<number>>>;
