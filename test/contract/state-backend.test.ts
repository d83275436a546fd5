import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { RocksBackend } from '../../src/adapters/rocksdb/rocks-backend.ts';
import { encodeValue } from '../../src/runtime/codec.ts';
import type { StateBackend } from '../../src/runtime/ports/state-backend.ts';
import { KeyValueStore } from '../../src/runtime/stores/key-value-store.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';

const backends: Record<string, () => Promise<StateBackend>> = {
  memory: () => Promise.resolve(new MemoryBackend()),
  rocksdb: () => RocksBackend.open(mkdtempSync(join(tmpdir(), 'millrace-rocks-'))),
};
const layout = { name: 'numbers', version: 3 };
const b = (text: string): Buffer => Buffer.from(text, 'latin1');

describe.each(Object.keys(backends))('%s', (name) => {
  test('reads what was written, in the order of bytes, and nothing that was deleted', async () => {
    const backend = await backends[name]!();
    const batch = backend.batch();
    const key = b('a\xff');
    batch.put(key, b('1'));
    key.fill(0); // the bytes were copied
    batch.put(b('a'), b(''));
    batch.put(b('b'), b('3'));
    batch.put(b('\x00'), b('0'));
    expect([batch.length, backend.getMany([b('b')])]).toEqual([4, [undefined]]);
    batch.write(false);
    expect(batch.length).toBe(0);
    expect(backend.getMany([b('a'), b('none'), b('b')])).toEqual([b(''), undefined, b('3')]);
    expect([...backend.range(b('a'), b('b'))].map(([key]) => key)).toEqual([b('a'), b('a\xff')]);
    expect([backend.last(b('a'), b('b')), backend.last(b('a'), b('c')), backend.last(b('c'), b('d'))]).toEqual([
      b('a\xff'),
      b('b'),
      undefined,
    ]);
    batch.delete(b('a'));
    batch.write(true);
    backend.deleteRange(b('b'), b('c'));
    expect([...backend.range(b('\x00'), b('\xff'))].map(([key]) => key)).toEqual([b('\x00'), b('a\xff')]);
    await backend.close();
  });

  test('stores see their own writes before and after a flush, and others only after it', async () => {
    const backend = await backends[name]!();
    const location = { backend, prefix: b('q/') };
    const store = new KeyValueStore<number>(location, layout);
    store.put('x', 1);
    store.put('ü', 2);
    store.setMeta([5]);
    expect(new KeyValueStore<number>(location, layout).get('x')).toBeUndefined();
    const batch = backend.batch();
    store.flush(batch);
    batch.write(false);
    store.delete('x');
    const other = new KeyValueStore<number>(location, layout);
    expect([other.get('x'), other.get('ü'), other.meta]).toEqual([1, 2, [5]]);
    expect([...store.entries()]).toEqual([['ü', 2]]);
    await backend.close();
  });

  test('entries say who wrote them, and are refused to a store that reads others', async () => {
    const backend = await backends[name]!();
    const prefix = b('q/');
    const location = { backend, prefix };
    const open = (other: Partial<typeof layout>): unknown => new KeyValueStore(location, { ...layout, ...other });
    const write = (entries: Record<string, Buffer | undefined>): void => {
      const batch = backend.batch();
      for (const [key, value] of Object.entries(entries)) {
        if (value === undefined) batch.delete(b(`q/${key}`));
        else batch.put(b(`q/${key}`), value);
      }
      batch.write(false);
    };
    expect(() => open({ version: 4 })).not.toThrow();
    const store = new KeyValueStore<number>(location, layout);
    store.put('x', 1);
    const batch = backend.batch();
    store.flush(batch);
    batch.write(false);
    expect(() => open({})).not.toThrow();
    expect(() => open({ version: 2 })).toThrow(/state of numbers has version 3.*made by a newer Millrace/);
    expect(() => open({ version: 4 })).toThrow(/state of numbers has version 3.*made by an older Millrace/);
    expect(() => open({ name: 'texts' })).toThrow(/state of texts kept as numbers is not known to this Millrace/);
    write({ v: encodeValue([2, 'numbers', 3]) });
    expect(() => open({})).toThrow(/state of numbers as bytes has version 2.*made by a newer Millrace/);
    write({ v: undefined });
    expect(() => open({})).toThrow(/state of numbers has version 0.*made by an older Millrace/);
    backend.deleteRange(prefix, b('q0'));
    expect(() => open({})).not.toThrow();
    await backend.close();
  });

  test('a store that nothing was put into leaves nothing', async () => {
    const backend = await backends[name]!();
    const batch = backend.batch();
    new KeyValueStore<number>({ backend, prefix: b('q/') }, layout).flush(batch);
    expect(batch.length).toBe(0);
    await backend.close();
  });

  test('windows come in order of their start, and expire whole', async () => {
    const backend = await backends[name]!();
    const store = new WindowStore<number>({ backend, prefix: b('w/') }, layout);
    const flush = (): void => {
      const batch = backend.batch();
      store.flush(batch);
      batch.write(false);
    };
    store.put(20, 'b', 3);
    store.put(10, 'b', 2);
    flush();
    store.put(10, 'a', 1);
    store.put(300, 'c', 4);
    expect([...store.entries()]).toEqual([
      [10, 'a', 1],
      [10, 'b', 2],
      [20, 'b', 3],
      [300, 'c', 4],
    ]);
    store.expire(20);
    expect([...store.entries()]).toEqual([
      [20, 'b', 3],
      [300, 'c', 4],
    ]);
    flush();
    expect([...new WindowStore<number>({ backend, prefix: b('w/') }, layout).entries()]).toEqual([
      [20, 'b', 3],
      [300, 'c', 4],
    ]);
    await backend.close();
  });
});

test('RocksDB’s iterators and batches are let go of, so that memory does not grow with what was read and written', async () => {
  const { RocksLevel } = createRequire(import.meta.url)('@nxtedition/rocksdb') as {
    readonly RocksLevel: { readonly prototype: Record<'attachResource' | 'detachResource', (of: object) => void> };
  };
  const held = new Set<object>();
  const taken = vi.spyOn(RocksLevel.prototype, 'attachResource').mockImplementation((of) => void held.add(of));
  vi.spyOn(RocksLevel.prototype, 'detachResource').mockImplementation((of) => void held.delete(of));
  const backend = await backends['rocksdb']!();
  const batch = backend.batch();
  for (const key of ['a', 'b', 'c']) {
    batch.put(b(key), b(key));
    batch.write(false);
  }
  for (const _ of backend.range(b('a'), b('d'))) break;
  expect([...backend.range(b('a'), b('d'))]).toHaveLength(3);
  expect(backend.last(b('a'), b('d'))).toEqual(b('c'));
  expect([taken.mock.calls.length, held.size]).toEqual([6, 0]);
  await backend.close();
  vi.restoreAllMocks();
});
