import type { JoinBase } from './join.ts';

export interface TableTableJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'tableTableJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
}
