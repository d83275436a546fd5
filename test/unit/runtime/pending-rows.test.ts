import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { Change } from '../../../src/runtime/change.ts';
import { PendingRows, type PendingRow } from '../../../src/runtime/pending-rows.ts';
import { WindowStore } from '../../../src/runtime/stores/window-store.ts';
import { Random } from '../../fuzz/random.ts';

class CountingBackend extends MemoryBackend {
  ranges = 0;
  override *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    this.ranges++;
    yield* super.range(from, to);
  }
}

const graceMs = 5000;
function opened(backend: MemoryBackend): { readonly store: WindowStore<PendingRow>; readonly pending: PendingRows } {
  const store = new WindowStore<PendingRow>({ backend, prefix: Buffer.from('s') }, { name: 'test', version: 1 });
  return { store, pending: new PendingRows(store, graceMs, store.meta) };
}
function commit({ store, pending }: ReturnType<typeof opened>, backend: MemoryBackend): void {
  const batch = backend.batch();
  store.setMeta(pending.state);
  store.flush(batch);
  batch.write(false);
}

test('rows of any times leave in order of (time, arrival), each once, whatever the limits and commits', () => {
  const random = new Random(3);
  const backend = new MemoryBackend();
  const times = Array.from({ length: 3000 }, () => random.below(40) * 1000 + random.below(60));
  const left: number[] = [];
  let node = opened(backend);
  let limit = 0;
  for (let i = 0; i < times.length || limit < 50_000;) {
    for (const to = i + random.below(200); i < to && i < times.length; i++)
      if (!node.pending.isLate(times[i]!)) node.pending.add(times[i]!, new Change([], undefined, [i], 0, 0), [i]);
      else times[i] = -1;
    limit += random.below(i < times.length ? 60 : 9000);
    node.pending.release(limit, (time, rows) => {
      for (const { stored } of rows) {
        const [number] = stored[1] as [number];
        expect(times[number]).toBe(time);
        left.push(number);
      }
    });
    if (random.below(3) > 0) continue;
    commit(node, backend);
    if (random.below(2) === 0) node = opened(backend);
  }
  const all = times.flatMap((time, i) => (time < 0 ? [] : [i]));
  expect(all.length).toBeGreaterThan(2000);
  expect(left).toEqual(all.sort((a, b) => times[a]! - times[b]! || a - b));
});

test('what a batch of records releases is read at once, not a moment of the wait after the other', () => {
  const backend = new CountingBackend();
  const { pending } = opened(backend);
  for (let i = 0; i < 1000; i++) pending.add(i * 20, new Change([], undefined, [i], 0, 0), [i]);
  backend.ranges = 0;
  let count = 0;
  pending.release(20_000, (_, rows) => (count += rows.length));
  expect(count).toBe(1000);
  expect(backend.ranges).toBeLessThan(20);
});
