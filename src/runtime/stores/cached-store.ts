import { requireKnown, requireVersion } from '../../diagnostics/version.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import type { StateBackend, StateWriter } from '../ports/state-backend.ts';
import { after } from './key-bytes.ts';

/** What the cache has of one window. `complete` says that it has all: nothing was stored of it when it came up. */
export interface CachedWindow {
  readonly start: number;
  readonly entries: Map<string, Entry>;
  readonly complete: boolean;
}

/** An entry in the cache: undefined is a known absence. Dirty ones stay until they are flushed. Small: there are very many. */
export class Entry {
  readonly key: string;
  value: unknown;
  /** The length of the stored value; 0 before it was stored. */
  bytes: number;
  readonly window: CachedWindow | undefined;
  dirty = false;
  /** A number that an operator notes within one micro-batch; negative for none. */
  mark = -1;

  /** A clean entry of what the backend has for a key. */
  constructor(key: string, stored: Buffer | undefined, window?: CachedWindow) {
    this.key = key;
    this.value = stored === undefined ? undefined : decodeValue(stored);
    this.bytes = stored?.length ?? 0;
    this.window = window;
  }

  /** Where its window starts; entries of a store without windows have none. */
  get start(): number {
    return this.window!.start;
  }
}

/** What a store is over: the backend, the bytes before each of its keys, and about how many bytes its cache may hold. */
export interface StoreLocation {
  readonly backend: StateBackend;
  readonly prefix: Buffer;
  readonly cacheBytes?: number | undefined;
  /** What an entry costs in memory beside the bytes of its key and value. */
  readonly entryOverhead?: number | undefined;
}

/** What the entries of a store look like: by whom they are written, in which version. */
export interface StoreLayout {
  readonly name: string;
  readonly version: number;
}

/** The version of how all stores write keys and values: `codec.ts` and `key-bytes.ts`. */
const bytesVersion = 1;

/** Objects, map slots and numbers of an entry that holds one row or state. Measured on Node 20. */
const defaultOverhead = 220;
const defaultCacheBytes = 10_000_000;
const metaKey = 'm';
/** Where a store says what wrote it. */
const layoutKey = 'v';

/** What every store has: its place in the backend, its numbers, and a bound for its cache. */
export abstract class CachedStore {
  protected readonly backend: StateBackend;
  protected readonly prefix: Buffer;
  protected readonly cacheBytes: number;
  readonly #entryOverhead: number;
  #meta: readonly number[] | undefined;
  #metaDirty = false;
  #dirtyCount = 0;
  readonly #layout: StoreLayout;
  #isMarked: boolean;

  constructor({ backend, prefix, cacheBytes, entryOverhead }: StoreLocation, layout: StoreLayout) {
    this.backend = backend;
    this.prefix = prefix;
    this.cacheBytes = cacheBytes ?? defaultCacheBytes;
    this.#entryOverhead = entryOverhead ?? defaultOverhead;
    this.#layout = layout;
    const [meta, mark] = backend.getMany([this.keyOf(metaKey), this.keyOf(layoutKey)]);
    this.#isMarked = mark !== undefined;
    if (mark !== undefined) this.#requireLayout(decodeValue(mark) as readonly unknown[]);
    else if (!this.hasNone(prefix)) requireVersion(`state of ${layout.name}`, 0, layout.version);
    if (meta !== undefined) this.#meta = decodeValue(meta) as number[];
  }

  #requireLayout([bytes, name, version]: readonly unknown[]): void {
    const what = `state of ${this.#layout.name}`;
    requireVersion(`${what} as bytes`, bytes, bytesVersion);
    requireKnown(`${what} kept as ${String(name)}`, name === this.#layout.name);
    requireVersion(what, version, this.#layout.version);
  }

  /** Numbers that an operator remembers beside its entries, such as its stream time. */
  get meta(): readonly number[] | undefined {
    return this.#meta;
  }
  setMeta(meta: readonly number[]): void {
    this.#meta = meta;
    this.#metaDirty = true;
  }

  /** Whether the changes since the last flush, which the cache cannot drop, are more than it should hold: a commit is due. */
  get isFull(): boolean {
    return this.#dirtyCount * this.#entryOverhead > this.cacheBytes;
  }
  /** About what an entry takes of the cache. */
  protected costOf({ key, bytes }: Entry): number {
    return this.#entryOverhead + key.length + bytes;
  }
  protected markDirty(entry: Entry): boolean {
    if (entry.dirty) return false;
    entry.dirty = true;
    this.#dirtyCount++;
    return true;
  }

  /** Whether the backend has no key that starts with these bytes. */
  protected hasNone(prefix: Buffer): boolean {
    for (const _ of this.backend.range(prefix, after(prefix))) return false;
    return true;
  }
  protected keyOf(kind: string): Buffer {
    return Buffer.concat([this.prefix, Buffer.from(kind)]);
  }
  /** Writes one entry, or its deletion. */
  protected store(into: StateWriter, key: Buffer, entry: Entry): void {
    if (entry.value === undefined) {
      into.delete(key);
      entry.bytes = 0;
    } else {
      const value = encodeShared(entry.value);
      into.put(key, value);
      entry.bytes = value.length;
    }
    entry.dirty = false;
  }

  /** Gives every change since the last flush. */
  flush(into: StateWriter): void {
    if (!this.#isMarked && (this.#dirtyCount > 0 || this.#metaDirty)) {
      into.put(this.keyOf(layoutKey), encodeShared([bytesVersion, this.#layout.name, this.#layout.version]));
      this.#isMarked = true;
    }
    this.flushEntries(into);
    this.#dirtyCount = 0;
    if (!this.#metaDirty) return;
    into.put(this.keyOf(metaKey), encodeShared(this.#meta));
    this.#metaDirty = false;
  }
  protected abstract flushEntries(into: StateWriter): void;
}
