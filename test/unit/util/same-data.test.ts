import { expect, test } from 'vitest';
import { sameData } from '../../../src/util/same-data.ts';

test.each<[unknown, unknown]>([
  [
    { a: 1, b: [true, null, 'x'] },
    { b: [true, null, 'x'], a: 1 },
  ],
  [{ a: undefined }, {}],
  [[], []],
  [undefined, undefined],
])('%j is %j', (a, b) => {
  expect(sameData(a, b)).toBe(true);
  expect(sameData(b, a)).toBe(true);
});

test.each<[unknown, unknown]>([
  [{ a: 1 }, { a: 2 }],
  [{ a: null }, {}],
  [
    [1, 2],
    [2, 1],
  ],
  [[1], [1, 2]],
  [[], {}],
  [{ a: [] }, { a: {} }],
  [null, undefined],
  ['1', 1],
])('%j is not %j', (a, b) => {
  expect(sameData(a, b)).toBe(false);
  expect(sameData(b, a)).toBe(false);
});
