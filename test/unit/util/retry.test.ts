import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backoff, retry } from '../../../src/util/retry.ts';

const pauses = { firstMs: 10, longestMs: 50 };
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(1));
afterEach(() => void vi.restoreAllMocks());

/** A call that fails `times` times and then gives its number. */
function failing(times: number, error: () => Error = () => new TypeError('not yet')) {
  let calls = 0;
  const call = (): Promise<number> => (calls++ < times ? Promise.reject(error()) : Promise.resolve(calls));
  return { call, count: () => calls };
}

test('pauses double up to the longest, and begin again after a success', () => {
  const backoff = new Backoff(pauses);
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([10, 20, 40, 50, 50]);
  backoff.reset();
  expect(backoff.next()).toBe(10);
});

test('a random half of a pause is left out', () => {
  vi.mocked(Math.random).mockReturnValue(0);
  expect(new Backoff(pauses).next()).toBe(5);
});

test('a call is repeated until it succeeds', async () => {
  const { call } = failing(2);
  const prepare = vi.fn();
  await expect(retry(call, { ...pauses, firstMs: 1, retries: 2, prepare })).resolves.toBe(3);
  expect(prepare).toHaveBeenCalledTimes(2);
});

test('after the last retry the error is thrown', async () => {
  const { call, count } = failing(9);
  await expect(retry(call, { ...pauses, firstMs: 1, retries: 2 })).rejects.toThrow('not yet');
  expect(count()).toBe(3);
});

test('an error that does not pass by itself is thrown at once', async () => {
  const { call, count } = failing(9);
  await expect(retry(call, { ...pauses, retries: 5, mayPass: () => false })).rejects.toThrow('not yet');
  expect(count()).toBe(1);
});

test('no pause reaches beyond the deadline', async () => {
  const { call, count } = failing(9);
  const options = { firstMs: 60_000, longestMs: 60_000, retries: 5, deadline: performance.now() + 1000 };
  await expect(retry(call, options)).rejects.toThrow('not yet');
  expect(count()).toBe(1);
});

test('an abort ends a pause, and no call follows', async () => {
  const { call, count } = failing(9);
  const abort = new AbortController();
  const running = retry(call, { firstMs: 60_000, longestMs: 60_000, retries: 5, signal: abort.signal });
  setTimeout(() => abort.abort(), 5);
  await expect(running).rejects.toThrow(/abort/);
  expect(count()).toBe(1);
});
