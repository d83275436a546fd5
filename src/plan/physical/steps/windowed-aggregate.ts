import type { WindowSpec } from '../../../specs/window.ts';
import { expressionsOf, type StepBase, type StepCall } from './base.ts';
import type { StepFacts } from './facts.ts';

/** GROUP BY over a stream, by window. */
export interface WindowedAggregateStep<Input> extends StepBase {
  readonly op: 'windowedAggregate' | 'sessionAggregate' | 'slidingAggregate' | 'cumulateAggregate';
  readonly input: Input;
  readonly keyCount: number;
  readonly aggregates: readonly StepCall[];
  /** Present when these are the SQL standard's functions, of a feature view; without it they are ksqlDB's. */
  readonly set?: 'standard';
  /** Set for SELECT DISTINCT: the time of a group is that of the row which made it. */
  readonly distinct?: true;
  /** Set when the next step needs the previous row of a change. */
  readonly withBefore?: true;
  readonly window: WindowSpec;
  /** EMIT FINAL: a window's row is emitted once, when the window closes. */
  readonly final: boolean;
}

export const windowedAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'windowed', parts: ['', 'headers'], layout: 1 },
  replace: { never: 'StreamWindowedAggregate, a windowed aggregation' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(expressionsOf),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<WindowedAggregateStep<StepBase<number>>>;

/** The kind of step that aggregates in windows of a type. */
export const windowedOps = {
  TUMBLING: 'windowedAggregate',
  HOPPING: 'windowedAggregate',
  SESSION: 'sessionAggregate',
  SLIDING: 'slidingAggregate',
  CUMULATE: 'cumulateAggregate',
} as const satisfies Record<WindowSpec['type'], WindowedAggregateStep<unknown>['op']>;

export const sessionAggregate = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'windowed', parts: ['', 'headers'], layout: 2, reads: 1 },
  replace: { never: 'StreamWindowedAggregate, a windowed aggregation' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'asked',
  expressions: ({ aggregates }) => aggregates.flatMap(expressionsOf),
  functions: ({ aggregates }) => aggregates.map(({ fn }) => fn),
} satisfies StepFacts<WindowedAggregateStep<StepBase<number>>>;

export const cumulateAggregate = windowedAggregate;

export const slidingAggregate = {
  ...windowedAggregate,
  state: {
    kind: 'windowed',
    parts: ['panes', 'deep panes', 'due', 'closed', 'deep closed', 'headers', 'deep headers'],
    layout: 1,
  },
} satisfies StepFacts<WindowedAggregateStep<StepBase<number>>>;
