import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import type { Aggregator } from '../../../src/functions/define.ts';
import { overloadsOf } from '../../../src/functions/define.ts';
import { findAggregate } from '../../../src/functions/registry.ts';
import { ChunkStore } from '../../../src/runtime/over/chunk-store.ts';
import { FrameCall } from '../../../src/runtime/over/frame-call.ts';
import type { FrameSpec } from '../../../src/runtime/over/frame-runner.ts';
import { OverBuffer } from '../../../src/runtime/over/over-buffer.ts';
import { DOUBLE, type Value } from '../../../src/types/sql-type.ts';

/** The work of the event at hand: calls of `add`, `undo` and `merge`, and entries read from the backend. */
const work = { calls: 0, reads: 0 };

/** A standard aggregate of a DOUBLE whose work is counted. */
function counted(name: string): Aggregator {
  const overload = overloadsOf(findAggregate(name)!, 'standard').find(({ params }) => {
    const [type] = params.map(({ type: of }) => of);
    return params.length === 1 && JSON.stringify(type).includes('DOUBLE');
  })!;
  const inner = overload.create({ args: [DOUBLE], returns: DOUBLE, constants: [undefined] });
  const count = <A extends readonly unknown[], R>(run: (...args: A) => R): ((...args: A) => R) => {
    return (...args) => {
      work.calls++;
      return run(...args);
    };
  };
  const { add, undo, merge } = inner;
  return { ...inner, add: count(add), ...(undo && { undo: count(undo) }), ...(merge && { merge: count(merge) }) };
}

class CountingBackend extends MemoryBackend {
  override getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    work.reads += keys.length;
    return super.getMany(keys);
  }
  override *range(from: Buffer, to: Buffer): Iterable<readonly [Buffer, Buffer]> {
    for (const entry of super.range(from, to)) {
      work.reads++;
      yield entry;
    }
  }
}

/** One key's events, a value a millisecond, through a frame of `size` of them with SUM, MIN and MAX. */
class HotKey {
  readonly backend = new CountingBackend();
  readonly #size: number;
  readonly #events = new Map<number, number>();
  #store!: ChunkStore;
  #buffer!: OverBuffer;
  #newest = 0;

  constructor(size: number) {
    this.#size = size;
    this.restart();
  }
  /** Forgets what is in memory. */
  restart(): void {
    const names = ['SUM', 'MIN', 'MAX'];
    const report = (error: unknown): never => expect.fail(String(error));
    const calls = names.map((name, i) => new FrameCall(counted(name), i, [{ column: 0 }], undefined, report));
    const frame = { unit: 'RANGE', start: this.#size - 1, end: 0 } as const;
    const spec: FrameSpec = {
      frame: { ...frame, exclude: undefined, maxSize: undefined, tileMs: undefined },
      calls,
      outputs: [0, 1, 2],
      isUnbounded: false,
      isTrailing: true,
    };
    const retention = { keptMs: 2 * this.#size, rows: 0, bucketMs: this.#size };
    this.#store = new ChunkStore({ backend: this.backend, prefix: Buffer.from('p/') }, { name: 'over', version: 2 }, 1);
    this.#buffer = new OverBuffer(this.#store, undefined, [spec], retention, 1);
  }
  /** The work of an event and its values. */
  add(time: number): { readonly calls: number; readonly reads: number; readonly values: readonly Value[] } {
    const value = (time * 7919) % 10_007;
    this.#events.set(time, value);
    this.#newest = Math.max(this.#newest, time);
    Object.assign(work, { calls: 0, reads: 0 });
    this.#buffer.advance(this.#newest);
    const values: Value[] = [];
    this.#buffer.answer(this.#buffer.open(['k'])[0]!, time, [value], values);
    return { ...work, values };
  }
  /** What the values must be, by looking at all events. */
  wanted(time: number): readonly Value[] {
    let [sum, least, most] = [0, Infinity, -Infinity];
    for (const [at, value] of this.#events) {
      if (at > time || at < time - this.#size + 1) continue;
      sum += value;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return [sum, least, most];
  }
  commit(): void {
    const batch = this.backend.batch();
    this.#store.flush(batch);
    batch.write(false);
  }
}

const size = 60_000;

test('no event does the work of its whole frame: MIN and MAX begin anew by pages, and read few entries', () => {
  const key = new HotKey(size);
  let [calls, reads] = [0, 0];
  for (let time = 0; time < 2.5 * size; time++) {
    const done = key.add(time);
    [calls, reads] = [Math.max(calls, done.calls), Math.max(reads, done.reads)];
    if (time % 20_011 === 0) expect(done.values).toEqual(key.wanted(time));
    if (time % 500 === 499) key.commit();
  }
  // A frame has 938 chunks of 64 events in 15 pages.
  expect(calls).toBeLessThan(1000);
  expect(reads).toBeLessThan(200);
});

test.each([
  // A frame has 938 chunks of 64 events in 15 pages, and twice as many if each was split; without pages each is read four times.
  ['in order', 0, 600],
  ['with late events', 400, 1500],
])(
  'after a restart the first event reads pages instead of chunks: %s',
  (_, lateEvery, most) => {
    const key = new HotKey(size);
    for (let time = 0; time < 1.4 * size; time++) {
      key.add(time);
      if (lateEvery > 0 && time % lateEvery === 0 && time > 7000) key.add(time - 7000 + 0.5);
      if (time % 500 === 499) key.commit();
    }
    key.commit();
    key.restart();
    const time = 1.4 * size;
    const { values, reads } = key.add(time);
    expect(values).toEqual(key.wanted(time));
    expect(reads).toBeLessThan(most);
    // It goes on from there.
    for (let next = time + 1; next < time + 3000; next++) key.add(next);
    expect(key.add(time + 3000).values).toEqual(key.wanted(time + 3000));
  },
  240_000,
);

test('a list that an older version stored, without pages, gets them', () => {
  const key = new HotKey(size);
  for (let time = 0; time < 20_000; time++) key.add(time);
  key.commit();
  const entries = [...key.backend.range(Buffer.from('p/e'), Buffer.from('p/f'))];
  const isPage = (name: Buffer): boolean => name.readUInt32BE(name.length - 4) >= 2 ** 31;
  const pages = entries.filter(([name]) => isPage(name)).length;
  expect(pages).toBe(Math.floor(Math.floor(20_000 / 64) / 64));
  for (const [name] of entries) if (isPage(name)) key.backend.deleteRange(name, Buffer.concat([name, Buffer.alloc(1)]));
  key.restart();
  expect(key.add(20_000).values).toEqual(key.wanted(20_000));
  key.commit();
  const now = [...key.backend.range(Buffer.from('p/e'), Buffer.from('p/f'))].filter(([name]) => isPage(name));
  expect(now.length).toBe(pages);
});
