import { decodeValue } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { CachedStore, Entry, type StoreLayout, type StoreLocation } from './cached-store.ts';
import { after, KeyBytes } from './key-bytes.ts';

/** Values by key, cached as objects. A value that is changed in place must be put again. */
export class KeyValueStore<V> extends CachedStore {
  /** Two generations: what was not used while the young one filled up is dropped with the old one. */
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #youngBytes = 0;
  #dirty: Entry[] = [];
  /** Whether the cache has every entry: nothing was stored when it was opened, and nothing was dropped since. */
  #complete: boolean;
  readonly #keys: KeyBytes;

  constructor(location: StoreLocation, layout: StoreLayout) {
    super(location, layout);
    this.#keys = new KeyBytes(this.keyOf('k'), 0);
    this.#complete = this.hasNone(this.keyOf('k'));
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

  /** Loads the entries that are not in the cache, at once. */
  prefetch(keys: Iterable<string>): void {
    if (this.#complete) return;
    const unknown = new Set<string>();
    for (const key of keys) if (!this.#young.has(key) && !this.#old.has(key)) unknown.add(key);
    if (unknown.size === 0) return;
    const missing = [...unknown];
    const found = this.backend.getMany(missing.map((key) => Buffer.from(this.#keys.of(key))));
    missing.forEach((key, i) => this.#add(key, found[i]));
  }

  #add(key: string, bytes: Buffer | undefined): Entry {
    const entry = new Entry(key, bytes);
    this.#young.set(key, entry);
    this.#youngBytes += this.costOf(entry);
    return entry;
  }

  #cached(key: string): Entry | undefined {
    let entry = this.#young.get(key);
    if (entry !== undefined) return entry;
    entry = this.#old.get(key);
    if (entry === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, entry);
    this.#youngBytes += this.costOf(entry);
    return entry;
  }
  #entry(key: string): Entry {
    return (
      this.#cached(key) ?? this.#add(key, this.#complete ? undefined : this.backend.getMany([this.#keys.of(key)])[0])
    );
  }
  #set(key: string, value: unknown): void {
    const entry = this.#cached(key) ?? this.#add(key, undefined);
    entry.value = value;
    if (this.markDirty(entry)) this.#dirty.push(entry);
  }

  /** All entries: those of the backend with the changes since the last flush over them. */
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
    if (this.#youngBytes <= this.cacheBytes / 2) return;
    if (this.#old.size > 0) this.#complete = false;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}
