import { StreamTableJoin } from '../operators/stream-table-join.ts';
import type { Builder } from './context.ts';
import { joinMatches, joinRow } from './join-rows.ts';
import { givesOwn } from './step-facts.ts';
import { keyValue } from './stores.ts';

export const streamTableJoin: Builder<'streamTableJoin'> = (step, context) =>
  new StreamTableJoin(
    keyValue(step, context),
    step.join === 'INNER',
    joinRow(step),
    givesOwn(step.left),
    joinMatches(step.matches, step.left.columns, step.right.columns, context),
  );
