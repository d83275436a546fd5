import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { KeyValueStore } from '../../../src/runtime/stores/key-value-store.ts';

test('a store that reads an older layout is of its own from the first write on, and refused by the older', () => {
  const backend = new MemoryBackend();
  const open = (version: number, reads?: number): KeyValueStore<number> =>
    new KeyValueStore({ backend, prefix: Buffer.from('s/') }, { name: 'sums', version, reads });
  const write = (store: KeyValueStore<number>, key: string, value: number): void => {
    store.put(key, value);
    const batch = backend.batch();
    store.flush(batch);
    batch.write(false);
  };
  write(open(1), 'a', 1);
  expect(() => open(2)).toThrow('state of sums has version 1, and this Millrace reads version 2');
  expect(() => open(3, 2)).toThrow('state of sums has version 1, and this Millrace reads version 3');
  const store = open(2, 1);
  expect(store.get('a')).toBe(1);
  expect(open(1).get('a')).toBe(1);
  write(store, 'b', 2);
  expect([open(2, 1).get('a'), open(2).get('b')]).toEqual([1, 2]);
  expect(() => open(1)).toThrow('state of sums has version 2, and this Millrace reads version 1');
});
