import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import { joinExpressions, type JoinBase } from './join.ts';

/** Joins each row of a stream with the table's current row of the same key. */
export interface StreamTableJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'streamTableJoin';
  readonly join: 'INNER' | 'LEFT';
}

export const streamTableJoin = {
  version: 1,
  inputs: ['left', 'right'],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: { never: 'StreamTableJoin, a join' },
  placement: 'left',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: joinExpressions,
  functions: noFunctions,
} satisfies StepFacts<StreamTableJoinStep<StepBase<number>>>;
