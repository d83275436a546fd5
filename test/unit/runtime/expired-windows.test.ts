import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { WindowStore } from '../../../src/runtime/stores/window-store.ts';

test('a window that has expired is hidden at once, also from who reads it before it is deleted', () => {
  const backend = new MemoryBackend();
  const open = (): WindowStore<number> =>
    new WindowStore({ backend, prefix: Buffer.from('s'), cacheBytes: 1 << 20 }, { name: 'test', version: 1 });
  const store = open();
  const flush = (from: WindowStore<number>): void => {
    const batch = backend.batch();
    from.flush(batch);
    batch.write(false);
  };
  store.put(10, 'a', 1);
  store.put(30, 'a', 3);
  flush(store);
  const later = open();
  expect(later.get(10, 'a')).toBe(1);
  later.expire(20);
  const seen = (): unknown[] => [later.get(10, 'a'), later.window(10).get('a'), later.get(30, 'a')];
  expect(seen()).toEqual([undefined, undefined, 3]);
  flush(later);
  expect(seen()).toEqual([undefined, undefined, 3]);
  // Who writes to it all the same has only that.
  later.expire(25);
  later.put(10, 'b', 2);
  flush(later);
  expect([...later.entries()]).toEqual([...open().entries()]);
  expect([later.get(10, 'a'), later.get(10, 'b')]).toEqual([undefined, 2]);
});
