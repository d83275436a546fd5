import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';
import { Timeline, type TimelineNode } from '../../src/runtime/timeline.ts';

const cases = fc.record({
  cacheBytes: fc.constantFrom(1, 1_000_000),
  leastMs: fc.constantFrom(1, 1000, 100_000),
  steps: fc.array(
    fc.record({
      text: fc.constantFrom('x', '1x', ''),
      time: fc.oneof(fc.nat(300), fc.nat(5000), fc.nat(400_000), fc.constant(77)),
      /** How many times follow each other. */
      run: fc.constantFrom(1, 1, 40, 150),
      flush: fc.nat({ max: 4 }).map((n) => n === 0),
      look: fc.tuple(fc.nat(400_000), fc.constantFrom(0, 30, 3000, 400_000)),
    }),
    { minLength: 1, maxLength: 25 },
  ),
});

test('a timeline has what a sorted list has, over flushes, evictions and restarts, in entries of bounded size', () => {
  fc.assert(
    fc.property(cases, ({ cacheBytes, leastMs, steps }) => {
      const backend = new MemoryBackend();
      const open = () => {
        const [top, deep] = ['t/', 'd/'].map(
          (prefix) =>
            new WindowStore<TimelineNode<number[]>>(
              { backend, prefix: Buffer.from(prefix), cacheBytes },
              { name: prefix, version: 1 },
            ),
        ) as [WindowStore<TimelineNode<number[]>>, WindowStore<TimelineNode<number[]>>];
        return { stores: [top, deep], timeline: new Timeline(top, deep, leastMs) };
      };
      let { stores, timeline } = open();
      const lists = new Map<string, Map<number, number>>();
      for (const { text, time, run, flush, look } of steps) {
        const list = lists.get(text) ?? new Map<number, number>();
        lists.set(text, list);
        for (let at = time; at < time + run; at++) {
          const value = timeline.touch([text], text, at, () => [0]);
          expect(timeline.isNew).toBe(!list.has(at));
          value[0]!++;
          list.set(at, (list.get(at) ?? 0) + 1);
        }
        if (flush) {
          const writes = backend.batch();
          for (const store of stores)
            store.flush({
              delete: (key) => writes.delete(key),
              put: (key, value) => {
                expect(value.length).toBeLessThan(600);
                writes.put(key, value);
              },
            });
          writes.write(false);
          if (time % 2 === 0) ({ stores, timeline } = open());
        }
        for (const [each, held] of lists) {
          const times: number[] = [];
          const values: number[][] = [];
          const key = timeline.range(each, look[0] - 1, look[0] + look[1], times, values);
          const due = [...held]
            .filter(([at]) => at >= look[0] - 1 && at <= look[0] + look[1])
            .sort(([a], [b]) => a - b);
          expect(times.map((at, i) => [at, values[i]![0]])).toEqual(due);
          expect(key).toEqual(due.length === 0 ? undefined : [each]);
        }
      }
      expect([...timeline.texts(0)].sort()).toEqual([...lists.keys()].sort());
    }),
    { numRuns: 150 },
  );
});
