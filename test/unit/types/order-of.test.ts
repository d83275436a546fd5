import { expect, test } from 'vitest';
import { orderOf } from '../../../src/types/compare.ts';
import { DOUBLE } from '../../../src/types/sql-type.ts';

test('NaN is sorted as the greatest of doubles, wherever it stood, and nulls where they are told to be', () => {
  const values = [2, NaN, null, -Infinity, NaN, Infinity, 1];
  const sorted = (order: { readonly descending: boolean; readonly nullsFirst: boolean }): unknown[] =>
    [...values].sort(orderOf(DOUBLE, order));
  expect(sorted({ descending: false, nullsFirst: false })).toEqual([-Infinity, 1, 2, Infinity, NaN, NaN, null]);
  expect(sorted({ descending: true, nullsFirst: true })).toEqual([null, NaN, NaN, Infinity, 2, 1, -Infinity]);
});
