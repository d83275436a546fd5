import { ForeignKeyLookup } from '../operators/foreign-key-join.ts';
import type { Builder } from './context.ts';
import { joinMatches } from './join-rows.ts';
import { grouped, keyValue } from './stores.ts';

export const foreignKeyLookup: Builder<'foreignKeyLookup'> = (step, context) => {
  const subscriptions = grouped<never>(step, context, 'subscriptions');
  const rows = keyValue<never>(step, context, 'rows');
  const matches = joinMatches(step.matches, context);
  return new ForeignKeyLookup(subscriptions, rows, step.join, step.keyCount, step.right.columns.length, matches);
};
