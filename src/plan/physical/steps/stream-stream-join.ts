import type { JoinWindow } from '../../../specs/window.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import { joinExpressions, type JoinBase } from './join.ts';

/** Joins the rows of two streams whose times differ by no more than WITHIN allows. */
export interface StreamStreamJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'streamStreamJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly within: JoinWindow;
}

export const streamStreamJoin = {
  version: 1,
  inputs: ['left', 'right'],
  state: { kind: 'windowed', parts: ['left', 'right', 'left headers', 'right headers'], layout: 1 },
  replace: { never: 'StreamStreamJoin, a join' },
  placement: 'left',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: joinExpressions,
  functions: noFunctions,
} satisfies StepFacts<StreamStreamJoinStep<StepBase<number>>>;
