import { requireKnown, requireVersion } from '../../diagnostics/version.ts';
import { decodeValue, encodeShared } from '../codec.ts';
import type { StateBackend, StateWriter } from '../ports/state-backend.ts';
import { cacheBound } from './cache-bound.ts';
import { after } from './key-bytes.ts';

/**
 * The cached entries of one window. `complete`: there are no others, because the backend had none when the window was first
 * looked up.
 */
export interface CachedWindow {
  readonly start: number;
  readonly entries: Map<string, Entry>;
  readonly complete: boolean;
}

/**
 * A cached entry; an undefined value is a known absence. Dirty entries stay until a flush. Kept small, because there are very
 * many.
 */
export class Entry {
  readonly key: string;
  value: unknown;
  /** The length of the stored value; 0 if it was not stored yet. */
  bytes: number;
  readonly window: CachedWindow | undefined;
  dirty = false;
  /** A number that an operator sets within one micro-batch; negative for none. */
  mark = -1;

  /** A clean entry with the backend's value for a key. */
  constructor(key: string, stored: Buffer | undefined, window?: CachedWindow) {
    this.key = key;
    this.value = stored === undefined ? undefined : decodeValue(stored);
    this.bytes = stored?.length ?? 0;
    this.window = window;
  }

  /** The start of its window; only for entries of stores with windows. */
  get start(): number {
    return this.window!.start;
  }
}

/** The backend, the prefix of the store's keys, and the bytes that its cache may hold, if that is set. */
export interface StoreLocation {
  readonly backend: StateBackend;
  readonly prefix: Buffer;
  readonly cacheBytes?: number | undefined;
  /** Memory of an entry beside the bytes of its key and value. */
  readonly entryOverhead?: number | undefined;
}

/** What wrote the entries, and in which version. */
export interface StoreLayout {
  readonly name: string;
  readonly version: number;
  /** The oldest version that is read too: its entries are told apart from newer ones by their form. */
  readonly reads?: number | undefined;
}

/** The version of the encoding of all keys and values, by `codec.ts` and `key-bytes.ts`. */
const bytesVersion = 1;

/** Memory of the objects, map slots and numbers of an entry with one row or state. Measured on Node 20. */
const defaultOverhead = 220;
const metaKey = 'm';
/** The key of the store's layout. */
const layoutKey = 'v';

/** What all stores share: a prefix in the backend, a few numbers of the operator, and a bounded write-back cache. */
export abstract class CachedStore {
  protected readonly backend: StateBackend;
  protected readonly prefix: Buffer;
  readonly #cacheBytes: number | undefined;
  readonly #entryOverhead: number;
  #meta: readonly number[] | undefined;
  #metaDirty = false;
  #dirtyCount = 0;
  readonly #layout: StoreLayout;
  #isMarked: boolean;

  constructor({ backend, prefix, cacheBytes, entryOverhead }: StoreLocation, layout: StoreLayout) {
    this.backend = backend;
    this.prefix = prefix;
    this.#cacheBytes = cacheBytes;
    this.#entryOverhead = entryOverhead ?? defaultOverhead;
    this.#layout = layout;
    const [meta, mark] = backend.getMany([this.keyOf(metaKey), this.keyOf(layoutKey)]);
    this.#isMarked = mark !== undefined;
    if (mark !== undefined) this.#requireLayout(decodeValue(mark) as readonly unknown[]);
    else if (!this.hasNone(prefix)) requireVersion(`state of ${layout.name}`, 0, layout.version);
    if (meta !== undefined) this.#meta = decodeValue(meta) as number[];
  }

  #requireLayout([bytes, name, version]: readonly unknown[]): void {
    const state = `state of ${this.#layout.name}`;
    requireVersion(`${state} as bytes`, bytes, bytesVersion);
    requireKnown(`${state} kept as ${String(name)}`, name === this.#layout.name);
    const { reads = this.#layout.version } = this.#layout;
    if (typeof version === 'number' && version >= reads && version < this.#layout.version) {
      // Entries are written anew in this layout as they change: from then on an older Millrace must not read them.
      this.#isMarked = false;
      return;
    }
    requireVersion(state, version, this.#layout.version);
  }

  /** Numbers that an operator stores beside its entries, such as its stream time. */
  get meta(): readonly number[] | undefined {
    return this.#meta;
  }
  setMeta(meta: readonly number[]): void {
    this.#meta = meta;
    this.#metaDirty = true;
  }

  /** About how many bytes the cache may hold now. */
  get cacheBytes(): number {
    return this.#cacheBytes ?? cacheBound();
  }

  /** Whether a commit is due: the dirty entries, which cannot be evicted, exceed the cache. */
  get isFull(): boolean {
    return this.#dirtyCount * this.#entryOverhead > this.cacheBytes;
  }
  /** Whether entries have changed since the last flush. */
  protected get hasChanges(): boolean {
    return this.#dirtyCount > 0;
  }
  /** About the memory of a cached entry, in bytes. */
  protected costOf({ key, bytes }: Entry): number {
    return this.#entryOverhead + key.length + bytes;
  }
  protected markDirty(entry: Entry): boolean {
    if (entry.dirty) return false;
    entry.dirty = true;
    this.#dirtyCount++;
    return true;
  }

  /** Whether the backend has no key with this prefix. */
  protected hasNone(prefix: Buffer): boolean {
    for (const _ of this.backend.range(prefix, after(prefix))) return false;
    return true;
  }
  protected keyOf(kind: string): Buffer {
    return Buffer.concat([this.prefix, Buffer.from(kind)]);
  }
  /** Writes an entry, or its deletion, and marks it clean. */
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

  /** Writes all changes since the last flush. */
  flush(into: StateWriter): void {
    if (!this.#isMarked && (this.hasChanges || this.#metaDirty)) {
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
