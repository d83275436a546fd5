import type { StepBase, StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a table: former rows are taken back. */
export interface TableAggregateStep<Input> extends StepBase {
  readonly op: 'tableAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
}

export const tableAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'an aggregation of a table' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(({ args }) => args),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<TableAggregateStep<StepBase>>;
