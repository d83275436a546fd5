import { decodeValue } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { CachedStore, Entry, type StoreLayout, type StoreLocation } from './cached-store.ts';
import { Generations } from './generations.ts';
import { after, KeyBytes } from './key-bytes.ts';

/** Values by key, cached as objects. After a change in place a value must be put again. */
export class KeyValueStore<V> extends CachedStore {
  readonly #cache = new Generations<Entry>((entry) => this.costOf(entry));
  #dirty: Entry[] = [];
  /** Whether the cache has every entry: the backend was empty when the store was opened, and nothing has been evicted since. */
  #complete: boolean;
  readonly #keys: KeyBytes;

  constructor(location: StoreLocation, layout: StoreLayout) {
    super(location, layout);
    this.#keys = new KeyBytes(this.keyOf('k'), 0);
    this.#complete = this.hasNone(this.keyOf('k'));
  }

  /** Whether the store has never had an entry. */
  get isEmpty(): boolean {
    return this.#cache.isEmpty && this.hasNone(this.keyOf('k'));
  }

  get(key: string): V | undefined {
    return this.#entry(key).value as V | undefined;
  }

  put(key: string, value: V): void {
    this.#set(key, value);
  }
  delete(key: string): void {
    this.#set(key, undefined);
  }

  /** Loads the entries that are not cached, in one read. */
  prefetch(keys: Iterable<string>): void {
    if (this.#complete) return;
    const unknown = new Set<string>();
    for (const key of keys) if (!this.#cache.has(key)) unknown.add(key);
    if (unknown.size === 0) return;
    const missing = [...unknown];
    const stored = this.backend.getMany(missing.map((key) => Buffer.from(this.#keys.of(key))));
    missing.forEach((key, i) => this.#add(key, stored[i]));
  }

  #add(key: string, bytes: Buffer | undefined): Entry {
    const entry = new Entry(key, bytes);
    this.#cache.add(key, entry);
    return entry;
  }

  #entry(key: string): Entry {
    return (
      this.#cache.get(key) ?? this.#add(key, this.#complete ? undefined : this.backend.getMany([this.#keys.of(key)])[0])
    );
  }
  #set(key: string, value: unknown): void {
    const entry = this.#cache.get(key) ?? this.#add(key, undefined);
    entry.value = value;
    if (this.markDirty(entry)) this.#dirty.push(entry);
  }

  /** Up to `limit` keys of stored entries behind a key (all for ''), in their order, with the stored values. */
  page(behind: string, limit: number): readonly (readonly [string, V])[] {
    const prefix = this.keyOf('k');
    const from = behind === '' ? prefix : Buffer.concat([prefix, Buffer.from(behind), Buffer.of(0)]);
    const page: (readonly [string, V])[] = [];
    for (const [bytes, value] of this.backend.range(from, after(prefix))) {
      page.push([bytes.utf8Slice(prefix.length, bytes.length), decodeValue(value) as V]);
      if (page.length >= limit) break;
    }
    return page;
  }

  /** All entries: the backend's, overlaid with the changes since the last flush. */
  *entries(): Iterable<readonly [string, V]> {
    const pending = new Map(this.#dirty.map((entry) => [entry.key, entry]));
    const from = this.keyOf('k');
    for (const [bytes, value] of this.backend.range(from, after(from))) {
      const key = bytes.utf8Slice(from.length, bytes.length);
      const changed = pending.get(key);
      if (changed === undefined) yield [key, decodeValue(value) as V];
      else {
        pending.delete(key);
        if (changed.value !== undefined) yield [key, changed.value as V];
      }
    }
    for (const { key, value } of pending.values()) if (value !== undefined) yield [key, value as V];
  }

  protected flushEntries(into: StateWriter): void {
    for (const entry of this.#dirty) this.store(into, this.#keys.of(entry.key), entry);
    this.#dirty = [];
    if (this.#cache.age(this.cacheBytes)) this.#complete = false;
  }
}
