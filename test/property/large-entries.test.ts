import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { StateBackend, StateWriter } from '../../src/runtime/ports/state-backend.ts';
import { GroupedStore } from '../../src/runtime/stores/grouped-store.ts';
import { KeyValueStore } from '../../src/runtime/stores/key-value-store.ts';
import { cut, LargeEntries } from '../../src/runtime/stores/large-entries.ts';
import { WindowStore } from '../../src/runtime/stores/window-store.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const prefix = Buffer.from('t/');
const layout = { name: 'lists', version: 1 };
const pieceBytes = 64;
const everything = [Buffer.of(0), Buffer.of(255, 255)] as const;

/** Three stores over one backend, as a task has them; `cuts` says whether their entries are cut. */
class World {
  readonly backend = new MemoryBackend();
  readonly #cuts: boolean;
  readonly written: number[] = [];
  #state!: StateBackend;
  #entries: LargeEntries | undefined;
  keyed!: KeyValueStore<number[]>;
  windowed!: WindowStore<number[]>;
  grouped!: GroupedStore<number[]>;

  constructor(cuts: boolean) {
    this.#cuts = cuts;
    this.open();
  }
  open(): void {
    this.#entries = this.#cuts ? new LargeEntries(this.backend, prefix, pieceBytes) : undefined;
    this.#state = this.#entries ?? this.backend;
    const location = (name: string): { backend: StateBackend; prefix: Buffer; cacheBytes: number } => ({
      backend: this.#state,
      prefix: Buffer.concat([prefix, Buffer.from(name)]),
      cacheBytes: 1,
    });
    this.keyed = new KeyValueStore(location('1/'), layout);
    this.windowed = new WindowStore(location('2/'), layout);
    this.grouped = new GroupedStore(location('3/'), layout);
  }
  flush(): void {
    const batch = this.backend.batch();
    const recording: StateWriter = {
      put: (key, value) => {
        this.written.push(value.length);
        batch.put(key, value);
      },
      delete: (key) => batch.delete(key),
    };
    const into = this.#entries?.writer(recording) ?? recording;
    for (const store of [this.keyed, this.windowed, this.grouped]) store.flush(into);
    batch.write(false);
  }
  get all(): unknown {
    const keys = ['a', 'b', 'ü'];
    return [
      [...this.keyed.entries()],
      keys.map((key) => this.keyed.get(key)),
      [...this.windowed.entries()],
      keys.map((key) => [...this.windowed.ofKey(key, [0, 10, 20, 30])]),
      keys.map((key) => [...this.grouped.of(key)].sort()),
    ];
  }
}

const operation = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'grow', 'grow', 'delete', 'expire', 'flush', 'flush', 'open'),
  store: fc.constantFrom('keyed', 'windowed', 'grouped'),
  key: fc.constantFrom('a', 'b', 'ü'),
  start: fc.constantFrom(0, 10, 20, 30),
  length: fc.constantFrom(0, 3, 40, 300),
  seed: fc.nat(1_000_000),
});
const numbers = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => Math.imul(seed + i, 0x9e3779b1) >>> 0);

function apply(
  world: World,
  { kind, store, key, start, length, seed }: typeof operation extends fc.Arbitrary<infer T> ? T : never,
): void {
  const { keyed, windowed, grouped } = world;
  const value = numbers(length, seed);
  if (kind === 'flush') world.flush();
  else if (kind === 'open') {
    world.flush();
    world.open();
  } else if (kind === 'expire') windowed.expire(start);
  else if (kind === 'delete') {
    if (store === 'keyed') keyed.delete(key);
    else if (store === 'windowed') windowed.put(start, key, undefined);
    else grouped.delete(key, String(start));
  } else if (store === 'keyed') keyed.put(key, kind === 'grow' ? [...(keyed.get(key) ?? []), ...value] : value);
  else if (store === 'windowed')
    windowed.put(start, key, kind === 'grow' ? [...(windowed.get(start, key) ?? []), ...value] : value);
  else grouped.put(key, String(start), value);
}

test('stores over entries in pieces are as stores over whole ones, and leave no piece behind', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const [whole, pieces] = [new World(false), new World(true)];
      for (const each of operations) {
        apply(whole, each);
        apply(pieces, each);
        expect(pieces.all).toEqual(whole.all);
      }
      whole.flush();
      pieces.flush();
      pieces.open();
      expect(pieces.all).toEqual(whole.all);
      for (const world of [whole, pieces]) {
        for (const key of ['a', 'b', 'ü']) {
          world.keyed.delete(key);
          for (const start of [0, 10, 20, 30]) {
            world.windowed.put(start, key, undefined);
            world.grouped.delete(key, String(start));
          }
        }
        world.flush();
      }
      const left = ({ backend }: World): number => [...backend.range(...everything)].length;
      expect(left(pieces)).toBe(left(whole));
    }),
    { numRuns: runsOf(200), seed: seedOf(1) },
  );
});

test('a range that is deleted takes its pieces with it', () => {
  const world = new World(true);
  for (const start of [0, 10, 20]) world.windowed.put(start, 'a', numbers(300, start));
  world.flush();
  const state = new LargeEntries(world.backend, prefix, pieceBytes);
  state.deleteRange(prefix, Buffer.from('t/~'));
  expect([...world.backend.range(...everything)]).toEqual([]);
});

test('a list that grows writes its end and its head, wherever it stands in its entry', () => {
  const backend = new MemoryBackend();
  const state = new LargeEntries(backend, prefix);
  const key = Buffer.from('t/1/k');
  const commit = (value: Buffer): number => {
    const batch = backend.batch();
    let bytes = 0;
    const writer = state.writer({
      put: (at, piece) => {
        bytes += piece.length;
        batch.put(at, piece);
      },
      delete: (at) => batch.delete(at),
    });
    writer.put(key, value);
    batch.write(false);
    expect(Buffer.compare(state.getMany([key])[0]!, value)).toBe(0);
    return bytes;
  };
  const random = (length: number, seed: number): Buffer =>
    Buffer.from(new Uint32Array(numbers(length / 4, seed)).buffer);
  const list = random(4_000_000, 1);
  const tail = random(2_000_000, 5_000_000);
  expect(commit(Buffer.concat([list, tail]))).toBeGreaterThan(6_000_000);
  // In the middle of an entry, everything behind is moved by what is added.
  expect(commit(Buffer.concat([list, random(400, 9_000_000), tail]))).toBeLessThan(200_000);
  expect(commit(list)).toBeLessThan(200_000);
  expect(commit(Buffer.from('small'))).toBe(5);
  expect([...backend.range(...everything)]).toHaveLength(1);
});

test('pieces are of a quarter of the bound to the bound', () => {
  for (const most of [64, 1000, 1 << 16]) {
    const pieces = [...cut(Buffer.from(new Uint32Array(numbers(most * 20, 1)).buffer), most)].map(
      ({ length }) => length,
    );
    expect(Math.max(...pieces)).toBeLessThanOrEqual(most);
    expect(Math.min(...pieces.slice(0, -1))).toBeGreaterThanOrEqual(most >> 2);
    // Most are cut by their content.
    expect(pieces.filter((length) => length === most).length).toBeLessThan(pieces.length / 4);
  }
  expect(
    [...cut(Buffer.alloc(300_000), 1 << 16)].map(({ length }) => length).every((length) => length <= 1 << 16),
  ).toBe(true);
});
