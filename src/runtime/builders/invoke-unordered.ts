import { InvokeUnordered, type WaitingRow } from '../operators/invoke-unordered.ts';
import { Answers } from '../ports/answers.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { invokeOptionsOf, modelsOf } from './invoke.ts';
import { keyValue } from './stores.ts';

export const invokeUnordered: Builder<'invokeUnordered'> = (step, context) =>
  new InvokeUnordered(modelsOf(context), projection(step.args, context), invokeOptionsOf(step, context), {
    store: keyValue<WaitingRow>(step, context, 'waiting'),
    answers: context.answers ?? new Answers(),
    records: context.records,
    isCareful: context.isCareful ?? (() => false),
  });
