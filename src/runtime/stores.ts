import { decodeValue, encodeValue } from './codec.ts';
import type { StateBackend, StateWrite } from './ports/state-backend.ts';

/** An entry in the cache: undefined is a known absence. Dirty ones stay until they are flushed. */
interface Entry {
  readonly key: string;
  value: unknown;
  dirty: boolean;
  /** What an operator notes of it within one micro-batch. */
  mark?: object | undefined;
}
/** An entry that is being changed: its value may be set. */
export interface EditedEntry<V, Mark extends object> {
  value: V | undefined;
  mark?: Mark | undefined;
}

/** What a store is over: the backend, and the bytes before each of its keys. */
export interface StoreLocation {
  readonly backend: StateBackend;
  readonly prefix: Buffer;
}

/** More clean entries than this are dropped after a flush. */
const defaultLimit = 50_000;
const metaKey = 'm';

abstract class CachedStore {
  protected readonly backend: StateBackend;
  protected readonly prefix: Buffer;
  protected readonly limit: number;
  #meta: readonly number[] | undefined;
  #metaDirty = false;

  constructor({ backend, prefix }: StoreLocation, limit = defaultLimit) {
    this.backend = backend;
    this.prefix = prefix;
    this.limit = limit;
    const stored = backend.getMany([this.bytes(metaKey)])[0];
    if (stored !== undefined) this.#meta = decodeValue(stored) as number[];
  }

  /** Numbers that an operator remembers beside its entries, such as its stream time. */
  get meta(): readonly number[] | undefined {
    return this.#meta;
  }
  setMeta(meta: readonly number[]): void {
    this.#meta = meta;
    this.#metaDirty = true;
  }

  protected bytes(kind: string, key?: Buffer | string): Buffer {
    return Buffer.concat([
      this.prefix,
      Buffer.from(kind),
      ...(key === undefined ? [] : [typeof key === 'string' ? Buffer.from(key) : key]),
    ]);
  }
  protected flushMeta(into: StateWrite[]): void {
    if (!this.#metaDirty) return;
    into.push({ key: this.bytes(metaKey), value: encodeValue(this.#meta) });
    this.#metaDirty = false;
  }

  /** Adds every change since the last flush. */
  abstract flush(into: StateWrite[]): void;
}

/** Values by key, cached as objects. A value that is changed in place must be put again. */
export class KeyValueStore<V> extends CachedStore {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #dirty: Entry[] = [];

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
    const missing = [...new Set(keys)].filter((key) => !this.#young.has(key) && !this.#old.has(key));
    if (missing.length === 0) return;
    const found = this.backend.getMany(missing.map((key) => this.bytes('k', key)));
    missing.forEach((key, i) => {
      const bytes = found[i];
      this.#young.set(key, { key, value: bytes === undefined ? undefined : decodeValue(bytes), dirty: false });
    });
  }

  #entry(key: string): Entry {
    let entry = this.#young.get(key);
    if (entry !== undefined) return entry;
    entry = this.#old.get(key);
    if (entry === undefined) {
      const bytes = this.backend.getMany([this.bytes('k', key)])[0];
      entry = { key, value: bytes === undefined ? undefined : decodeValue(bytes), dirty: false };
    } else this.#old.delete(key);
    this.#young.set(key, entry);
    return entry;
  }
  #set(key: string, value: unknown): void {
    let entry = this.#young.get(key) ?? this.#old.get(key);
    if (entry === undefined) {
      entry = { key, value, dirty: false };
      this.#young.set(key, entry);
    }
    entry.value = value;
    if (!entry.dirty) {
      entry.dirty = true;
      this.#dirty.push(entry);
    }
  }

  /** All entries: those of the backend with the changes since the last flush over them. */
  *entries(): Iterable<readonly [string, V]> {
    const pending = new Map(this.#dirty.map((entry) => [entry.key, entry]));
    const from = this.bytes('k');
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

  flush(into: StateWrite[]): void {
    for (const entry of this.#dirty) {
      into.push({
        key: this.bytes('k', entry.key),
        value: entry.value === undefined ? null : encodeValue(entry.value),
      });
      entry.dirty = false;
    }
    this.#dirty = [];
    this.flushMeta(into);
    if (this.#young.size > this.limit / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
  }
}

/** Values by window start (or any other point in time) and key; whole windows expire at once. */
export class WindowStore<V> extends CachedStore {
  readonly #windows = new Map<number, Map<string, Entry>>();
  #dirty: { window: number; entry: Entry }[] = [];
  #size = 0;
  #expired: number[] = [];
  readonly #prefix = this.bytes('w');
  /** Windows whose every entry is in the cache: nothing was stored of them when they came up. */
  readonly #complete = new Set<number>();

  #window(start: number): Map<string, Entry> {
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = new Map();
      this.#windows.set(start, window);
      if (this.#isEmpty(start)) this.#complete.add(start);
    }
    return window;
  }

  #isEmpty(start: number): boolean {
    const low = this.bytes('w', time(start));
    for (const _ of this.backend.range(low, after(low))) return false;
    return true;
  }
  #forget(start: number, entries: Map<string, Entry>): void {
    this.#windows.delete(start);
    this.#complete.delete(start);
    this.#size -= entries.size;
  }

  get(start: number, key: string): V | undefined {
    return this.#entry(start, key).value as V | undefined;
  }
  /** The entry, which counts as changed from now on. */
  edit<Mark extends object>(start: number, key: string): EditedEntry<V, Mark> {
    const entry = this.#entry(start, key);
    if (!entry.dirty) {
      entry.dirty = true;
      this.#dirty.push({ window: start, entry });
    }
    return entry as EditedEntry<V, Mark>;
  }

  #entry(start: number, key: string): Entry {
    const window = this.#window(start);
    let entry = window.get(key);
    if (entry === undefined) {
      const bytes = this.#complete.has(start) ? undefined : this.backend.getMany([this.#bytes(start, key)])[0];
      entry = { key, value: bytes === undefined ? undefined : decodeValue(bytes), dirty: false };
      window.set(key, entry);
      this.#size++;
    }
    return entry;
  }

  put(start: number, key: string, value: V | undefined): void {
    const window = this.#window(start);
    let entry = window.get(key);
    if (entry === undefined) {
      entry = { key, value, dirty: false };
      window.set(key, entry);
      this.#size++;
    }
    entry.value = value;
    if (!entry.dirty) {
      entry.dirty = true;
      this.#dirty.push({ window: start, entry });
    }
  }

  /** Loads many entries of one window at once. */
  prefetch(start: number, keys: Iterable<string>): void {
    const window = this.#window(start);
    if (this.#complete.has(start)) return;
    const missing = [...new Set(keys)].filter((key) => !window.has(key));
    if (missing.length === 0) return;
    const found = this.backend.getMany(missing.map((key) => this.#bytes(start, key)));
    missing.forEach((key, i) => {
      const bytes = found[i];
      window.set(key, { key, value: bytes === undefined ? undefined : decodeValue(bytes), dirty: false });
    });
    this.#size += missing.length;
  }

  #bytes(start: number, key: string): Buffer {
    const { length } = this.#prefix;
    const bytes = Buffer.allocUnsafe(length + 8 + Buffer.byteLength(key));
    bytes.set(this.#prefix);
    writeTime(bytes, start, length);
    bytes.utf8Write(key, length + 8);
    return bytes;
  }

  /** Every entry with `from <= start < to`, in order of start, then of the key's bytes. */
  *entries(from = 0, to = Number.MAX_SAFE_INTEGER): Iterable<readonly [number, string, V]> {
    const low = this.bytes('w', time(Math.max(from, ...this.#expired)));
    const high = this.bytes('w', time(to));
    const merged = new Map<number, Map<string, V | undefined>>();
    const header = low.length - 8;
    for (const [bytes, value] of this.backend.range(low, high)) {
      const start = Number(bytes.readBigInt64BE(header));
      const key = bytes.utf8Slice(header + 8, bytes.length);
      let window = merged.get(start);
      if (window === undefined) merged.set(start, (window = new Map<string, V | undefined>()));
      window.set(key, decodeValue(value) as V);
    }
    for (const { window: start, entry } of this.#dirty) {
      if (start < from || start >= to) continue;
      let window = merged.get(start);
      if (window === undefined) merged.set(start, (window = new Map<string, V | undefined>()));
      window.set(entry.key, entry.value as V | undefined);
    }
    for (const start of [...merged.keys()].sort((a, b) => a - b)) {
      const window = merged.get(start)!;
      for (const key of [...window.keys()].sort()) {
        const value = window.get(key);
        if (value !== undefined) yield [start, key, value];
      }
    }
  }

  /** Forgets every window that starts before `start`: at once here, at the next flush in the backend. */
  expire(start: number): void {
    for (const [window, entries] of this.#windows) {
      if (window < start) this.#forget(window, entries);
    }
    this.#dirty = this.#dirty.filter(({ window }) => window >= start);
    this.#expired.push(start);
  }

  flush(into: StateWrite[]): void {
    if (this.#expired.length > 0) {
      const low = this.bytes('w', time(0));
      for (const [key] of this.backend.range(low, this.bytes('w', time(Math.max(...this.#expired)))))
        into.push({ key, value: null });
      this.#expired = [];
    }
    for (const { window, entry } of this.#dirty) {
      into.push({
        key: this.#bytes(window, entry.key),
        value: entry.value === undefined ? null : encodeValue(entry.value),
      });
      entry.dirty = false;
    }
    this.#dirty = [];
    this.flushMeta(into);
    this.#evict();
  }

  /** The oldest windows go first: late events are rare. */
  #evict(): void {
    if (this.#size <= this.limit) return;
    for (const start of [...this.#windows.keys()].sort((a, b) => a - b)) {
      if (this.#size <= this.limit * 0.75) break;
      this.#forget(start, this.#windows.get(start)!);
    }
  }
}

/** 64 bits, big-endian: as two halves, since this is written for every entry. */
function writeTime(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(Math.floor(value) - high * 2 ** 32, at + 4);
}
function time(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeTime(bytes, value, 0);
  return bytes;
}

/** The first key behind all keys with this prefix. */
export function after(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix);
  for (let i = next.length - 1; i >= 0; i--) {
    if (next[i]! < 255) {
      next[i] = next[i]! + 1;
      return next.subarray(0, i + 1);
    }
  }
  return Buffer.concat([prefix, Buffer.alloc(64, 255)]);
}
