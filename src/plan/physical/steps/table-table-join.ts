import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import { joinExpressions, type JoinBase } from './join.ts';

/** Joins the rows of two tables with the same key. */
export interface TableTableJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'tableTableJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
}

export const tableTableJoin = {
  version: 1,
  inputs: ['left', 'right'],
  state: { kind: 'keyed', parts: ['left', 'right'], layout: 1 },
  replace: { never: 'TableTableJoin, a join' },
  placement: 'left',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'always',
  expressions: joinExpressions,
  functions: noFunctions,
} satisfies StepFacts<TableTableJoinStep<StepBase<number>>>;
