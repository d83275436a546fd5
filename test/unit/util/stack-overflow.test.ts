import { expect, test } from 'vitest';
import { isStackOverflow } from '../../../src/util/stack-overflow.ts';

const thrownBy = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

test('only a stack that was not deep enough is an overflow of it', () => {
  const deep = (): number => 1 + deep();
  expect(isStackOverflow(thrownBy(deep))).toBe(true);
  expect(isStackOverflow(thrownBy(() => Math.max(...new Array<number>(1_000_000).fill(0))))).toBe(true);
  expect(isStackOverflow(thrownBy(() => Buffer.alloc(1).readInt32BE(0)))).toBe(false);
  expect(isStackOverflow(thrownBy(() => new Array<number>(-1)))).toBe(false);
  expect(isStackOverflow(new TypeError('Maximum call stack size exceeded'))).toBe(false);
});
