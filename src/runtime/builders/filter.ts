import { StreamFilter } from '../operators/stream-filter.ts';
import { TableFilter } from '../operators/table-filter.ts';
import type { Builder } from './context.ts';
import { predicate } from './expressions.ts';

export const streamFilter: Builder<'streamFilter'> = (step, context) =>
  new StreamFilter(predicate(step.predicate, context), context.position);

export const tableFilter: Builder<'tableFilter'> = (step, context) =>
  new TableFilter(
    predicate(step.predicate, context),
    step.silent === true || 'withBefore' in step.input,
    step.distinct,
    context.position,
  );
