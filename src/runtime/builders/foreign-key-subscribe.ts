import { ForeignKeySubscribe } from '../operators/foreign-key-join.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { keyValue } from './stores.ts';

export const foreignKeySubscribe: Builder<'foreignKeySubscribe'> = (step, context) =>
  new ForeignKeySubscribe(
    keyValue(step, context),
    projection(step.foreignKeys, context),
    step.join,
    step.input.columns.length,
    context.position,
  );
