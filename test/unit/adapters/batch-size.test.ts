import { expect, test } from 'vitest';
import { BatchSize } from '../../../src/adapters/models/batch-size.ts';

test('calls have more rows while they are quick, and fewer when one is long', () => {
  const size = new BatchSize(1);
  expect(size.of(100_000)).toBe(256);
  const sizes = Array.from({ length: 5 }, () => {
    size.took(size.of(100_000), 1);
    return size.of(100_000);
  });
  expect(sizes).toEqual([512, 1024, 2048, 2048, 2048]);
  size.took(2048, 5);
  expect(size.of(100_000)).toBe(1024);
  for (let i = 0; i < 5; i++) size.took(1024, 5);
  expect(size.of(100_000)).toBe(256);
});

test('a call that was not full tells nothing of larger ones, and one between the two times changes nothing', () => {
  const size = new BatchSize(1);
  size.took(100, 0.1);
  size.took(256, 3);
  expect(size.of(100_000)).toBe(256);
});

test('each worker has its share of the rows that are there, of no fewer than 256', () => {
  const size = new BatchSize(4);
  for (let i = 0; i < 3; i++) size.took(2048, 0.1);
  expect([1000, 4000, 100_000].map((rows) => size.of(rows))).toEqual([256, 1000, 2048]);
});
