import { compileJoinRow } from '../../expressions/compile.ts';
import { StreamTableJoin } from '../operators/stream-table-join.ts';
import type { Builder } from './context.ts';
import { joinMatches } from './join-rows.ts';
import { ownsRows } from '../../plan/physical/step.ts';
import { keyValue } from './stores.ts';

export const streamTableJoin: Builder<'streamTableJoin'> = (step, context) =>
  new StreamTableJoin(
    keyValue(step, context),
    step.join === 'INNER',
    compileJoinRow(step.row),
    ownsRows(step.left),
    joinMatches(step.matches, context),
  );
