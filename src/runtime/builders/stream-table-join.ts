import { StreamTableJoin } from '../operators/stream-table-join.ts';
import type { Builder } from './context.ts';
import { joinMatches, joinRow } from './join-rows.ts';
import { ownsRows } from '../../plan/physical/step.ts';
import { keyValue } from './stores.ts';

export const streamTableJoin: Builder<'streamTableJoin'> = (step, context) =>
  new StreamTableJoin(
    keyValue(step, context),
    step.join === 'INNER',
    joinRow(step),
    ownsRows(step.left),
    joinMatches(step.matches, step.left.columns, step.right.columns, context),
  );
