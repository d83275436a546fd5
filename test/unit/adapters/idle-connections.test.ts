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
