import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedReader } from '../../../src/adapters/embedded/embedded-reader.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Opened {
  readonly append: (count: number) => void;
  readonly offsets: () => Promise<number[]>;
  readonly files: () => number;
  readonly retain: () => void;
  readonly reopen: () => void;
}
/** A topic with one partition, whose records have 1 kB and times of long ago. */
function open(config: Record<string, string>): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-retention-'));
  const backend = new MemoryBackend();
  let log = new EmbeddedLog({ folder, backend, sync: false });
  log.create('s', { partitions: 1, replicas: 1, config });
  return {
    append: (count) => {
      for (let i = 0; i < count; i++) {
        const record = { key: null, value: 'x'.repeat(1000), timestamp: 7, partition: 0 };
        log.commit({ appends: batchesOf([record], 1).map((batch) => ({ topic: 's', ...batch })) });
      }
    },
    offsets: async () => {
      const reader = new EmbeddedReader(log, 's', 1, 'beginning');
      const offsets: number[] = [];
      for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
        offsets.push(...records.map(({ offset }) => offset));
      return offsets;
    },
    files: () => readdirSync(join(folder, 's', '0')).length,
    retain: () => log.retain(Date.now()),
    reopen: () => {
      log.close();
      log = new EmbeddedLog({ folder, backend, sync: false });
    },
  };
}
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test.each([false, true])(
  'retention_ms removes whole segments by the time of the append (restarts: %s)',
  async (restarts) => {
    const { append, offsets, files, retain, reopen } = open({ 'retention.ms': '60000' });
    append(10);
    retain();
    expect(await offsets()).toEqual(range(0, 10));
    for (let minute = 0; minute < 10; minute++) {
      pass(20_000);
      append(10);
      if (restarts) reopen();
      retain();
      // What is younger is there; what is older by more than a segment's part is not.
      const found = await offsets();
      const all = range(0, 20 + minute * 10);
      expect(found).toEqual(all.slice(all.length - found.length));
      expect(found.length).toBeGreaterThanOrEqual(Math.min(40, all.length));
      expect(found.length).toBeLessThanOrEqual(50);
    }
    pass(61_000);
    if (restarts) reopen();
    retain();
    expect([await offsets(), files()]).toEqual([[], 0]);
    if (restarts) reopen();
    append(2);
    expect(await offsets()).toEqual([110, 111]);
  },
);

test.each([false, true])('retention_bytes keeps as much and a segment more (restarts: %s)', async (restarts) => {
  const { append, offsets, retain, reopen } = open({ 'retention.bytes': '400000', 'retention.ms': '-1' });
  for (let i = 0; i < 10; i++) {
    append(100);
    if (restarts) reopen();
    retain();
  }
  const found = await offsets();
  expect(found).toEqual(range(1000 - found.length, 1000));
  expect(found.length).toBeGreaterThan(300);
  expect(found.length).toBeLessThan(450);
});

test('without retention, and of a compacted topic, nothing is removed', async () => {
  for (const config of [{ 'retention.ms': '-1' }, { 'cleanup.policy': 'compact', 'retention.ms': '1' }]) {
    const { append, offsets, retain } = open(config);
    append(5);
    pass(100 * 86_400_000);
    retain();
    expect(await offsets()).toEqual(range(0, 5));
  }
});
