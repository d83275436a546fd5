import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { Change } from '../../../src/runtime/change.ts';
import { EntityStore } from '../../../src/runtime/sinks/entities.ts';
import { STRING } from '../../../src/types/sql-type.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const prefix = Buffer.from('v/');
const columns = ['ID', 'N'].map((name) => ({ name, type: STRING, role: 'value' as const }));
function open(backend: MemoryBackend, ttlMs: number | undefined): EntityStore {
  return new EntityStore({ backend, prefix }, columns, { key: ['ID'], time: undefined, ttlMs, order: 'time' });
}
function commit(store: EntityStore, backend: MemoryBackend): void {
  const batch = backend.batch();
  store.flush(batch);
  batch.write(false);
}
const write = (store: EntityStore, id: string, time: number): void =>
  void store.write([new Change([id], undefined, [id, 'x'], time, 0)]);
const held = (store: EntityStore): string[] => [...store.current()].map(({ after }) => String(after![0])).sort();
const stored = (backend: MemoryBackend): number => [...backend.range(Buffer.from('v/k'), Buffer.from('v/l'))].length;

test.each([false, true])('rows leave the state a TTL after they are too old (restarts: %s)', (restarts) => {
  const backend = new MemoryBackend();
  let store = open(backend, 60_000);
  let most = 0;
  for (let second = 0; second < 1800; second++) {
    const now = Date.now();
    for (let i = 0; i < 5; i++) write(store, `e${second}-${i}`, now);
    write(store, 'often', now);
    commit(store, backend);
    most = Math.max(most, stored(backend));
    if (restarts && second % 100 === 0) store = open(backend, 60_000);
    vi.setSystemTime(now + 1000);
  }
  // 5 rows a second for two TTLs, and the part of a round that has not come to them.
  expect(most).toBeLessThan(5 * 150);
  expect(held(store)).toContain('often');
  // Without a new row, commits come due until nothing is left, and then no more.
  vi.setSystemTime(Date.now() + 121_000);
  for (let commits = 0; store.isDue; commits++) {
    expect(commits).toBeLessThan(10);
    commit(store, backend);
    if (stored(backend) === 0) vi.setSystemTime(Date.now() + 16_000);
  }
  expect([held(store), stored(backend)]).toEqual([[], 0]);
});

test('a row that came late is kept as long as one that came in time, and one that was renewed before its flush stays', () => {
  const backend = new MemoryBackend();
  const store = open(backend, 1000);
  write(store, 'late', 5);
  write(store, 'renewed', 5);
  commit(store, backend);
  vi.setSystemTime(Date.now() + 1900);
  commit(store, backend);
  expect(held(store)).toEqual(['late', 'renewed']);
  vi.setSystemTime(Date.now() + 300);
  write(store, 'renewed', 6);
  commit(store, backend);
  expect(held(store)).toEqual(['renewed']);
});

test('without a TTL nothing is removed, and no commit comes due', () => {
  const backend = new MemoryBackend();
  const store = open(backend, undefined);
  write(store, 'a', 5);
  commit(store, backend);
  vi.setSystemTime(Date.now() + 1e9);
  commit(store, backend);
  expect([held(store), store.isDue]).toEqual([['a'], false]);
});
