import { expressionsOf, type StepBase, type StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a table: the previous row of a change is undone. */
export interface TableAggregateStep<Input> extends StepBase {
  readonly op: 'tableAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Present when these are the SQL standard's functions, of a feature view; without it they are ksqlDB's. */
  readonly set?: 'standard';
  /** Set for SELECT DISTINCT: the time of a group is that of the row which made it. */
  readonly distinct?: true;
  /** Set when the next step needs the previous row of a change. */
  readonly withBefore?: true;
  /** STATE_TTL: how long a group is kept that does not change and has no rows; absent: for ever. */
  readonly ttlMs?: number;
}

export const tableAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: ['', 'touched'], layout: 2, reads: 1 },
  replace: { never: 'TableAggregate, an aggregation of a table' },
  placement: 'input',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(expressionsOf),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<TableAggregateStep<StepBase<number>>>;
