import type { Expr } from '../../../expressions/node.ts';
import type { VersionsSpec } from '../../../specs/temporal.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';
import { joinExpressions, type JoinBase } from './join.ts';

/**
 * Joins each row of a stream with the version of the right side's row of the same key that held at a time. Version 2: it says in what
 * order versions hold.
 */
export interface TemporalJoinStep<Input> extends JoinBase<Input, 2> {
  readonly op: 'temporalJoin';
  readonly join: 'INNER' | 'LEFT';
  /** The time whose version is joined, over the left columns; absent: the time of the row. */
  readonly asOf?: Expr;
  /** From when on a version holds, over the right columns; absent: the time of its record. */
  readonly from?: Expr;
  readonly versions: VersionsSpec;
}

/** The step as version 1 wrote it, where versions held by their times alone. */
export function temporalJoinOfVersion1<Input>(stored: unknown): TemporalJoinStep<Input> {
  const step = stored as TemporalJoinStep<Input>;
  return { ...step, v: 2, versions: { ...step.versions, order: 'time', orRecordTime: false } };
}

export const temporalJoin = {
  version: 2,
  inputs: ['left', 'right'],
  state: { kind: 'ordered', parts: ['', 'pieces', 'due', 'pending'], layout: 1 },
  replace: { never: 'TemporalJoin, a join' },
  placement: 'left',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ asOf, from, ...step }) => [
    ...[asOf, from].filter((time) => time !== undefined),
    ...joinExpressions(step),
  ],
  functions: noFunctions,
} satisfies StepFacts<TemporalJoinStep<StepBase<number>>>;
