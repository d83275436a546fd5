import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeartbeatPace, type RestingMember } from '../../../src/adapters/kafka/heartbeat-pace.ts';
import '../../../src/adapters/kafka/kafkajs-internals.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Members that send heartbeats over and over, and how many they have sent. */
function members(pace: HeartbeatPace, count: number): { readonly sent: number[]; readonly all: RestingMember[] } {
  const sent = Array.from({ length: count }, () => 0);
  const all = sent.map(() => pace.open());
  all.forEach((member, i) => {
    const beat = async (): Promise<void> => {
      for (;;) {
        await member.rest();
        sent[i]!++;
      }
    };
    void beat();
  });
  return { sent, all };
}

test('a member of the only group looks twice a second, or four times in a short session', async () => {
  const { sent } = members(new HeartbeatPace(6000), 1);
  const { sent: short } = members(new HeartbeatPace(1500), 1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent[0]).toBeGreaterThanOrEqual(19);
  expect(sent[0]).toBeLessThan(35);
  expect(short[0]).toBeGreaterThan(25);
});

test('members of many groups look rarely, and never later than after a third of the session', async () => {
  const { sent } = members(new HeartbeatPace(6000), 50);
  for (let second = 0; second < 30; second += 2) {
    const before = [...sent];
    await vi.advanceTimersByTimeAsync(2000);
    expect(sent.every((count, i) => count > before[i]!)).toBe(true);
  }
  const perSecond = sent.reduce((sum, count) => sum + count, 0) / 30;
  expect(perSecond).toBeLessThan(36);
});

test('the first that sees its group change makes the others look at once, and often for a while', async () => {
  const pace = new HeartbeatPace(6000);
  const { sent } = members(pace, 50);
  await vi.advanceTimersByTimeAsync(1000);
  const before = [...sent];
  pace.changed();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual(before.map((count) => count + 1));
  // What they see in turn wakes nobody again.
  for (let i = 0; i < 50; i++) pace.changed();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual(before.map((count) => count + 1));
  await vi.advanceTimersByTimeAsync(2000);
  expect(Math.min(...sent.map((count, i) => count - before[i]!))).toBeGreaterThanOrEqual(4);
});

test('a member that leaves does not wait for its next heartbeat', async () => {
  const member = new HeartbeatPace(6000).open();
  const rested = vi.fn();
  void member.rest().then(rested);
  void member.rest().then(rested);
  member.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(rested).toHaveBeenCalledTimes(2);
  await member.rest();
  expect(vi.getTimerCount()).toBe(0);
});

test('between heartbeats a member asks no broker for records, and sees that a topic has other partitions', async () => {
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as {
    prototype: { fetch: (this: object) => Promise<unknown> };
  };
  const member = new HeartbeatPace(6000).open();
  const stale = new Error('stale');
  const recovered: unknown[] = [];
  const group = {
    cluster: { refreshMetadataIfNecessary: () => Promise.resolve() },
    assigners: [{ resting: member }],
    checkForStaleAssignment: vi.fn(),
    recoverFromFetch: (error: unknown) => Promise.resolve(recovered.push(error)),
  };
  const fetching = prototype.fetch.call(group);
  await vi.advanceTimersByTimeAsync(500);
  expect(await fetching).toEqual([]);
  group.checkForStaleAssignment.mockImplementation(() => {
    throw stale;
  });
  expect(await prototype.fetch.call(group)).toEqual([]);
  expect(recovered).toEqual([stale]);
});
