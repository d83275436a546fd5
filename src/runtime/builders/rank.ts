import { Rank, type RankedHead, type RankedRow } from '../operators/rank.ts';
import type { Builder } from './context.ts';
import { projection, sorting } from './expressions.ts';
import { expiry, grouped, keyValue } from './stores.ts';

export const rank: Builder<'rank'> = (step, context) => {
  const { orderBy, identity, rest, places, limit, columns } = step;
  const slots = columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  return new Rank(keyValue<RankedHead>(step, context), identity && grouped<RankedRow>(step, context, 'rest'), {
    ...sorting(orderBy, context),
    identity: identity && projection(identity, context),
    position: context.position,
    conflate: context.conflate,
    // All rows ranked together have no partition in their key: it is the number alone.
    keepsKey: slots.length > 1,
    rest,
    places: places ?? [],
    limit,
    expiry: expiry(step, context),
  });
};
