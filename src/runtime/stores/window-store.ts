import { decodeValue } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { CachedStore, Entry, type CachedWindow, type StoreLayout, type StoreLocation } from './cached-store.ts';
import { KeyBytes, timeBytes } from './key-bytes.ts';

/** An entry that is being changed: its value may be set. */
export interface EditedEntry<V> extends Pick<Entry, 'mark' | 'start'> {
  value: V | undefined;
}

/** One window of a store. */
export interface WindowView<V> {
  /** Whether the cache has every entry of it, so that nothing needs loading. */
  readonly complete: boolean;
  get(key: string): V | undefined;
}

/** Values by window start (or any other point in time) and key; whole windows expire at once. */
export class WindowStore<V> extends CachedStore {
  readonly #windows = new Map<number, CachedWindow>();
  /** The one that was looked up last: events that follow each other are mostly of one window. */
  #last: CachedWindow | undefined;
  #dirty: Entry[] = [];
  #bytes = 0;
  /** Windows before this are gone; the backend hears of it at the next flush. */
  #expired: number | undefined;
  /** The backend has no window before this one. */
  #oldest = 0;
  /** The backend has no window behind this one: a new one needs no look. */
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
  /** The entry, which counts as changed from now on. */
  edit(start: number, key: string): EditedEntry<V> {
    const entry = this.#entry(start, key);
    if (this.markDirty(entry)) this.#dirty.push(entry);
    return entry as EditedEntry<V>;
  }
  put(start: number, key: string, value: V | undefined): void {
    this.edit(start, key).value = value;
  }

  /** One window for many looks at it: good until the next `expire` or `flush`. */
  window(start: number): WindowView<V> {
    const window = this.#window(start);
    return { complete: window.complete, get: (key) => this.#look(start, window, key) };
  }
  #look(start: number, window: CachedWindow, key: string): V | undefined {
    const entry = window.entries.get(key);
    if (entry !== undefined || window.complete) return entry?.value as V | undefined;
    return this.#entry(start, key).value as V | undefined;
  }

  /** Loads what the cache does not know, at once: pairs of a window's start and a key. */
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
    const found = this.backend.getMany(missing.map(([start, key]) => Buffer.from(this.#keys.of(key, start))));
    missing.forEach(([start, key], i) => this.#add(this.#window(start), key, found[i]));
  }
  #window(start: number): CachedWindow {
    if (this.#last?.start === start) return this.#last;
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = {
        start,
        entries: new Map(),
        complete: start > this.#newest || start < this.#oldest || this.hasNone(this.#low(start)),
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

  /** Every entry with `from <= start < to`, in order of start, then of the key. */
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

  /** The entries of one key in the windows with these starts, in their order. The cache does not grow by it. */
  *ofKey(key: string, starts: Iterable<number>): Iterable<readonly [start: number, value: V]> {
    const found: [start: number, value: V | undefined][] = [];
    const stored: number[] = [];
    for (const start of starts) {
      if (start < (this.#expired ?? this.#oldest)) continue;
      const window = this.#windows.get(start);
      const entry = window?.entries.get(key);
      if (entry === undefined && window?.complete !== true) stored.push(found.length);
      found.push([start, entry?.value as V | undefined]);
    }
    const values = this.backend.getMany(stored.map((at) => Buffer.from(this.#keys.of(key, found[at]![0]))));
    for (const [i, at] of stored.entries()) if (values[i] !== undefined) found[at]![1] = decodeValue(values[i]) as V;
    for (const [start, value] of found) if (value !== undefined) yield [start, value];
  }
  /** The start of the first window that is not before this; undefined when there is none. */
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

  /** Forgets every window that starts before `start`: at once here, at the next flush in the backend. */
  expire(start: number): void {
    for (const [each, window] of this.#windows) if (each < start) this.#forget(each, window);
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

  /** The oldest windows go first: late events are rare. */
  #evict(): void {
    if (this.#bytes <= this.cacheBytes) return;
    for (const start of [...this.#windows.keys()].sort((a, b) => a - b)) {
      if (this.#bytes <= this.cacheBytes * 0.75) return;
      this.#forget(start, this.#windows.get(start)!);
    }
  }
}
