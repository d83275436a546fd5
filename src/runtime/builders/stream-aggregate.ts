import { GroupAggregate } from '../operators/stream-aggregate.ts';
import { aggregates } from './aggregates.ts';
import type { Builder } from './context.ts';
import { expiry, keyValue } from './stores.ts';

export const streamAggregate: Builder<'streamAggregate'> = (step, context) =>
  new GroupAggregate(keyValue(step, context), aggregates(step, context), {
    conflate: context.conflate,
    withBefore: step.withBefore === true,
    nullKeys: step.nullKeys === true,
    isOne: step.keyCount === 0,
    ofTable: false,
    expiry: expiry(step, context),
  });
