import { compileJoinRow } from '../../expressions/compile.ts';
import { StreamStreamJoin } from '../operators/stream-stream-join.ts';
import type { Builder } from './context.ts';
import { joinMatches } from './join-rows.ts';
import { heldHeaders, windowed } from './stores.ts';

export const streamStreamJoin: Builder<'streamStreamJoin'> = (step, context) =>
  new StreamStreamJoin(
    windowed(step, context, 'left'),
    windowed(step, context, 'right'),
    step.join,
    step.within,
    compileJoinRow(step.row),
    joinMatches(step.matches, context),
    context.onLate,
    { left: heldHeaders(step, context, 'left headers'), right: heldHeaders(step, context, 'right headers') },
  );
