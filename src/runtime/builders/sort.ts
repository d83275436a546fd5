import { compileExpression } from '../../expressions/compile.ts';
import { Sort } from '../operators/sort.ts';
import type { PendingRow } from '../pending-rows.ts';
import type { Builder } from './context.ts';
import { projection, sorting } from './expressions.ts';
import { windowed } from './stores.ts';

export const sort: Builder<'sort'> = (step, context) => {
  const { partitionBy, orderBy, thenBy, graceMs } = step;
  return new Sort(windowed<PendingRow>(step, context, 'pending'), {
    partitionBy: projection(partitionBy, context),
    orderBy: compileExpression(orderBy, (error) => context.report(error, 'ORDER BY')),
    ...sorting(thenBy, context),
    graceMs,
    position: context.position,
    onLate: context.onLate,
  });
};
