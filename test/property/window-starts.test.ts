import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';

const change = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'delete', 'flush', 'expire'),
  start: fc.nat({ max: 12 }),
  key: fc.constantFrom('', 'a', 'é'),
});

test('the starts of windows are those of their entries, cached, stored or deleted', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat({ max: 12 }), fc.nat({ max: 14 }), (changes, from, to) => {
      const backend = new MemoryBackend();
      const store = new WindowStore<number>({ backend, prefix: Buffer.from('s') }, { name: 'test', version: 1 });
      for (const { kind, start, key } of changes) {
        if (kind === 'put') store.put(start, key, 1);
        else if (kind === 'delete') store.put(start, key, undefined);
        else if (kind === 'expire') store.expire(start);
        else {
          const batch = backend.batch();
          store.flush(batch);
          batch.write(false);
        }
        expect(store.starts(from, to)).toEqual([...new Set([...store.entries(from, to)].map(([each]) => each))]);
      }
    }),
    { numRuns: 500, seed: 4 },
  );
});
