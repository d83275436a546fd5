import { ForeignKeyResolve } from '../operators/foreign-key-join.ts';
import type { Builder } from './context.ts';
import { keyValue } from './stores.ts';

export const foreignKeyResolve: Builder<'foreignKeyResolve'> = (step, context) =>
  new ForeignKeyResolve(keyValue(step, context), step.keyCount);
