import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import '../../../src/adapters/kafka/kafkajs-internals.ts';

interface RequestQueue {
  pending: unknown[];
  checkPendingRequests(): void;
}
const require = createRequire(import.meta.url);
const Queue = require('kafkajs/src/network/requestQueue') as new (options: object) => RequestQueue;
const queue = (): RequestQueue => new Queue({ maxInFlightRequests: 0, logger: { namespace: () => undefined } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a connection on which nothing waits sets no timer', () => {
  queue().checkPendingRequests();
  expect(vi.getTimerCount()).toBe(0);
});

test('one on which a request waits looks after it', () => {
  const waiting = queue();
  waiting.pending.push({});
  waiting.checkPendingRequests();
  expect(vi.getTimerCount()).toBe(1);
});

test('connections share one timer that looks for overdue requests', () => {
  const connected = [queue(), queue(), queue()] as unknown as {
    enforceRequestTimeout: boolean;
    isConnected: () => boolean;
    inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest: () => void }>;
    scheduleRequestTimeoutCheck(): void;
  }[];
  let isUp = true;
  for (const each of connected) {
    each.enforceRequestTimeout = true;
    each.isConnected = () => isUp;
    each.scheduleRequestTimeoutCheck();
  }
  expect(vi.getTimerCount()).toBe(1);
  const timeoutRequest = vi.fn();
  connected[2]!.inflight.set(1, { sentAt: Date.now(), requestTimeout: 5000, timeoutRequest });
  vi.advanceTimersByTime(4000);
  expect(timeoutRequest).not.toHaveBeenCalled();
  vi.advanceTimersByTime(3000);
  expect(timeoutRequest).toHaveBeenCalled();
  isUp = false;
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
