import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runSettings } from '../../../src/runtime/run-settings.ts';
import { CommitClock } from '../../../src/runtime/task/commit-clock.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** How long a task that takes 10 records a millisecond, with so many before it at all times, goes on until its commit is due. */
function untilDue(properties: Record<string, string>, lag: number): number {
  const clock = new CommitClock(runSettings(properties));
  clock.begun();
  for (let ms = 0; ms < 5000; ms++) {
    if (clock.isDue(10 * ms, () => lag)) return ms;
    vi.advanceTimersByTime(1);
    clock.input();
  }
  return Infinity;
}

const exactlyOnce = { 'processing.guarantee': 'exactly_once_v2' };

test('exactly once commits less often while what waits takes longer than the longer interval', () => {
  expect(untilDue(exactlyOnce, 0)).toBe(100);
  expect(untilDue(exactlyOnce, 5000)).toBe(100);
  expect(untilDue(exactlyOnce, 5001)).toBe(500);
});

test('an interval that was set holds, however far behind the task is', () => {
  for (const lag of [0, 1_000_000]) expect(untilDue({ ...exactlyOnce, 'commit.interval.ms': '30' }, lag)).toBe(30);
  expect(untilDue({}, 1_000_000)).toBe(1000);
});

test('when the input has stopped a task does not wait for its interval', () => {
  const clock = new CommitClock(runSettings({}));
  clock.begun();
  clock.input();
  vi.advanceTimersByTime(250);
  expect(clock.isDue(10, () => 0)).toBe(false);
  vi.advanceTimersByTime(1);
  expect(clock.isDue(10, () => 0)).toBe(true);
});
