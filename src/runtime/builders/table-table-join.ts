import { compileJoinRow } from '../../expressions/compile.ts';
import { TableTableJoin } from '../operators/table-table-join.ts';
import type { Builder } from './context.ts';
import { joinMatches } from './join-rows.ts';
import { keyValue } from './stores.ts';

export const tableTableJoin: Builder<'tableTableJoin'> = (step, context) =>
  new TableTableJoin(
    keyValue(step, context, 'left'),
    keyValue(step, context, 'right'),
    step.join,
    compileJoinRow(step.row),
    joinMatches(step.matches, context),
  );
