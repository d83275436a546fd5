import type { JoinWindow } from '../../logical/node.ts';
import type { JoinBase } from './join.ts';

export interface StreamStreamJoinStep<Input> extends JoinBase<Input> {
  readonly op: 'streamStreamJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly within: JoinWindow;
}
