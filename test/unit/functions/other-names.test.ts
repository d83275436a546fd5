import { expect, test } from 'vitest';
import { otherNames } from '../../../src/functions/other-names.ts';
import { findFunction } from '../../../src/functions/registry.ts';

test('names of other dialects lead to functions that are there, and are none themselves', () => {
  for (const [other, ours] of Object.entries(otherNames))
    expect([other, findFunction(other), findFunction(ours)?.name]).toEqual([other, undefined, ours]);
});
