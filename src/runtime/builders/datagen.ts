import { Datagen } from '../operators/datagen.ts';
import type { Builder } from './context.ts';
import { keyValue } from './stores.ts';

export const datagen: Builder<'datagen'> = (step, context) =>
  new Datagen(keyValue<number>(step, context), {
    spec: step.spec,
    keyCount: step.columns.filter(({ role }) => role === 'key').length,
  });
