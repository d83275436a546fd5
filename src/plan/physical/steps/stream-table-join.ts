import type { JoinBase } from './join.ts';

export interface StreamTableJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'streamTableJoin';
  readonly join: 'INNER' | 'LEFT';
}
