import { decodeValue } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { CachedStore, Entry, type CachedWindow, type StoreLayout, type StoreLocation } from './cached-store.ts';
import { KeyBytes, timeBytes } from './key-bytes.ts';

/** An entry whose value may be set. */
export interface EditedEntry<V> extends Pick<Entry, 'mark' | 'start' | 'bytes'> {
  value: V | undefined;
}

/** One window of a store. */
export interface WindowView<V> {
  /** Whether the cache has all of its entries, so that no read is needed. */
  readonly complete: boolean;
  get(key: string): V | undefined;
}

/** Values by window start (or any other time) and key; windows expire as a whole. */
export class WindowStore<V> extends CachedStore {
  readonly #windows = new Map<number, CachedWindow>();
  /** The last window that was looked up: consecutive events are mostly in the same one. */
  #last: CachedWindow | undefined;
  #dirty: Entry[] = [];
  #bytes = 0;
  /** Windows before this have expired; the next flush deletes them from the backend. */
  #expired: number | undefined;
  /** The backend has no window before this start. */
  #oldest = 0;
  /** The backend has no window after this start, so a newer one needs no read. */
  #newest: number;
  readonly #keys: KeyBytes;

  constructor(location: StoreLocation, layout: StoreLayout) {
    super(location, layout);
    this.#keys = new KeyBytes(this.keyOf('w'), 8);
    const last = this.backend.last(this.#low(0), this.#low(Number.MAX_SAFE_INTEGER));
    this.#newest = last === undefined ? -Infinity : Number(last.readBigInt64BE(this.keyOf('w').length));
  }

  get(start: number, key: string): V | undefined {
    return this.#look(start, this.#window(start), key);
  }
  /** The entry of a key, marked as changed. */
  edit(start: number, key: string): EditedEntry<V> {
    const entry = this.#entry(start, key);
    if (this.markDirty(entry)) this.#dirty.push(entry);
    return entry as EditedEntry<V>;
  }
  put(start: number, key: string, value: V | undefined): void {
    this.edit(start, key).value = value;
  }

  /** A view of one window for many reads, valid until the next `expire` or `flush`. */
  window(start: number): WindowView<V> {
    const window = this.#window(start);
    return { complete: window.complete, get: (key) => this.#look(start, window, key) };
  }
  #look(start: number, window: CachedWindow, key: string): V | undefined {
    const entry = window.entries.get(key);
    if (entry !== undefined || window.complete) return entry?.value as V | undefined;
    return this.#entry(start, key).value as V | undefined;
  }

  /** Loads the entries that are not cached, in one read; `wanted` has pairs of window start and key. */
  prefetch(wanted: Iterable<readonly [start: number, key: string]>): void {
    const missing: (readonly [number, string])[] = [];
    const seen = new Set<string>();
    for (const pair of wanted) {
      const window = this.#window(pair[0]);
      if (window.complete || window.entries.has(pair[1])) continue;
      const name = `${pair[0]}/${pair[1]}`;
      if (seen.has(name)) continue;
      seen.add(name);
      missing.push(pair);
    }
    if (missing.length === 0) return;
    const stored = this.backend.getMany(missing.map(([start, key]) => Buffer.from(this.#keys.of(key, start))));
    missing.forEach(([start, key], i) => this.#add(this.#window(start), key, stored[i]));
  }
  #window(start: number): CachedWindow {
    if (this.#last?.start === start) return this.#last;
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = {
        start,
        entries: new Map(),
        // What has expired may still be in the backend, until the next flush.
        complete: start > this.#newest || start < (this.#expired ?? this.#oldest) || this.hasNone(this.#low(start)),
      };
      this.#windows.set(start, window);
    }
    this.#last = window;
    return window;
  }
  #entry(start: number, key: string): Entry {
    const window = this.#window(start);
    const entry = window.entries.get(key);
    if (entry !== undefined) return entry;
    const bytes = window.complete ? undefined : this.backend.getMany([this.#keys.of(key, start)])[0];
    return this.#add(window, key, bytes);
  }
  #add(window: CachedWindow, key: string, bytes: Buffer | undefined): Entry {
    const entry = new Entry(key, bytes, window);
    window.entries.set(key, entry);
    this.#bytes += this.costOf(entry);
    return entry;
  }
  #forget(start: number, { entries }: CachedWindow): void {
    this.#windows.delete(start);
    this.#last = undefined;
    for (const entry of entries.values()) this.#bytes -= this.costOf(entry);
  }
  #low(start: number): Buffer {
    return Buffer.concat([this.keyOf('w'), timeBytes(start)]);
  }

  /** Every entry with `from <= start < to`, ordered by start, then key. */
  *entries(from = 0, to = Number.MAX_SAFE_INTEGER): Iterable<readonly [number, string, V]> {
    const low = this.#low(Math.max(from, this.#expired ?? this.#oldest));
    const header = low.length - 8;
    const merged = new Map<number, Map<string, V | undefined>>();
    const set = (start: number, key: string, value: V | undefined): void => {
      let window = merged.get(start);
      if (window === undefined) merged.set(start, (window = new Map<string, V | undefined>()));
      window.set(key, value);
    };
    for (const [bytes, value] of this.backend.range(low, this.#low(to)))
      set(Number(bytes.readBigInt64BE(header)), bytes.utf8Slice(header + 8, bytes.length), decodeValue(value) as V);
    for (const { start, key, value } of this.#dirty)
      if (start >= from && start < to) set(start, key, value as V | undefined);
    for (const start of [...merged.keys()].sort((a, b) => a - b)) {
      const window = merged.get(start)!;
      for (const key of [...window.keys()].sort()) {
        const value = window.get(key);
        if (value !== undefined) yield [start, key, value];
      }
    }
  }

  /** The starts of the windows with `from <= start < to` that have an entry, in order. Values are not read. */
  starts(from: number, to: number): number[] {
    const low = this.#low(Math.max(from, this.#expired ?? this.#oldest));
    const header = low.length - 8;
    const found = new Set<number>();
    const gone = new Map<number, Set<string>>();
    for (const { start, key, value } of this.#dirty) {
      if (start < from || start >= to) continue;
      if (value !== undefined) found.add(start);
      else gone.set(start, (gone.get(start) ?? new Set<string>()).add(key));
    }
    for (const [bytes] of this.backend.range(low, this.#low(to))) {
      const start = Number(bytes.readBigInt64BE(header));
      if (gone.get(start)?.has(bytes.utf8Slice(header + 8, bytes.length)) !== true) found.add(start);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** One key's entries in the windows with these starts, in the given order. They are not added to the cache. */
  *ofKey(key: string, starts: Iterable<number>): Iterable<readonly [start: number, value: V]> {
    const entries: [start: number, value: V | undefined][] = [];
    const stored: number[] = [];
    for (const start of starts) {
      if (start < (this.#expired ?? this.#oldest)) continue;
      const window = this.#windows.get(start);
      const entry = window?.entries.get(key);
      if (entry === undefined && window?.complete !== true) stored.push(entries.length);
      entries.push([start, entry?.value as V | undefined]);
    }
    const values = this.backend.getMany(stored.map((at) => Buffer.from(this.#keys.of(key, entries[at]![0]))));
    for (const [i, at] of stored.entries()) if (values[i] !== undefined) entries[at]![1] = decodeValue(values[i]) as V;
    for (const [start, value] of entries) if (value !== undefined) yield [start, value];
  }
  /** The start of the first window at or after `from`; undefined if there is none. */
  firstStart(from: number): number | undefined {
    const low = this.#low(Math.max(from, this.#expired ?? this.#oldest));
    let first = Infinity;
    for (const [bytes] of this.backend.range(low, this.#low(Number.MAX_SAFE_INTEGER))) {
      first = Number(bytes.readBigInt64BE(low.length - 8));
      break;
    }
    for (const { start, value } of this.#dirty)
      if (start >= from && start < first && value !== undefined) first = start;
    return first === Infinity ? undefined : first;
  }

  /** Expires every window that starts before `start`: hidden at once, deleted from the backend at the next flush. */
  expire(start: number): void {
    for (const [windowStart, window] of this.#windows) if (windowStart < start) this.#forget(windowStart, window);
    this.#dirty = this.#dirty.filter((entry) => entry.start >= start);
    this.#expired = Math.max(start, this.#expired ?? this.#oldest);
  }

  protected flushEntries(into: StateWriter): void {
    if (this.#expired !== undefined) {
      for (const [key] of this.backend.range(this.#low(this.#oldest), this.#low(this.#expired))) into.delete(key);
      this.#oldest = this.#expired;
      this.#expired = undefined;
    }
    for (const entry of this.#dirty) {
      const { bytes, start } = entry;
      this.store(into, this.#keys.of(entry.key, start), entry);
      if (start > this.#newest) this.#newest = start;
      if (start < this.#oldest) this.#oldest = start;
      this.#bytes += entry.bytes - bytes;
    }
    this.#dirty = [];
    this.#evict();
  }

  /** Evicts the oldest windows first: late events are rare. */
  #evict(): void {
    if (this.#bytes <= this.cacheBytes) return;
    for (const start of [...this.#windows.keys()].sort((a, b) => a - b)) {
      if (this.#bytes <= this.cacheBytes * 0.75) return;
      this.#forget(start, this.#windows.get(start)!);
    }
  }
}
