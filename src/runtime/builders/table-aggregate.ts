import { GroupAggregate } from '../operators/stream-aggregate.ts';
import { aggregates } from './aggregates.ts';
import type { Builder } from './context.ts';
import { expiry, keyValue } from './stores.ts';

export const tableAggregate: Builder<'tableAggregate'> = (step, context) =>
  new GroupAggregate(keyValue(step, context), aggregates(step, context, { ofTable: true }), {
    conflate: context.conflate,
    withBefore: step.withBefore === true,
    nullKeys: false,
    isOne: step.keyCount === 0,
    ofTable: true,
    expiry: expiry(step, context),
  });
