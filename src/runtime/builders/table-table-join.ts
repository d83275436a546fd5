import { TableTableJoin } from '../operators/table-table-join.ts';
import type { Builder } from './context.ts';
import { joinMatches, joinRow } from './join-rows.ts';
import { keyValue } from './stores.ts';

export const tableTableJoin: Builder<'tableTableJoin'> = (step, context) =>
  new TableTableJoin(
    keyValue(step, context, 'left'),
    keyValue(step, context, 'right'),
    step.join,
    joinRow(step),
    joinMatches(step.matches, step.left.columns, step.right.columns, context),
  );
