import { StreamStreamJoin } from '../operators/stream-stream-join.ts';
import type { Builder } from './context.ts';
import { joinMatches, joinRow } from './join-rows.ts';
import { windowed } from './stores.ts';

export const streamStreamJoin: Builder<'streamStreamJoin'> = (step, context) =>
  new StreamStreamJoin(
    windowed(step, context, 'left'),
    windowed(step, context, 'right'),
    step.join,
    step.within,
    joinRow(step),
    joinMatches(step.matches, step.left.columns, step.right.columns, context),
    context.onLate,
  );
