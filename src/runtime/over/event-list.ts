import type { Value } from '../../types/sql-type.ts';
import { Buckets } from './buckets.ts';
import { Chunk, chunkLimits, type ChunkPage } from './chunk.ts';
import type { ChunkStore, StoredBucket } from './chunk-store.ts';

/** A gap between two events: before event `at` of a chunk, or after its last one. */
export interface Gap {
  chunk: Chunk;
  at: number;
  /** The number of events before it since the list was loaded. */
  index: number;
}

/** Where an event was inserted. */
export interface Place {
  readonly chunk: Chunk;
  readonly at: number;
  /** The number of events before it since the list was loaded. */
  readonly index: number;
  /** Whether later events had arrived before it. */
  readonly isLate: boolean;
}

/** Holds places in a list, which a split of a chunk changes. */
interface SplitListener {
  chunkSplit(from: Chunk, at: number, into: Chunk): void;
}

/** The calls over a list, as far as their states over its pages are kept. */
export interface ListCalls {
  has(call: { readonly number: number }): boolean;
  /** Caches the states over an open chunk. */
  summarize(list: EventList, chunk: Chunk): void;
  /** Adds an event, which was inserted into a chunk of a page, to the states over the page. */
  enter(page: ChunkPage, chunk: Chunk, at: number): void;
  /** The states over a page that are stored with it, each behind its call's number. */
  statesOf(list: EventList, page: ChunkPage): readonly unknown[];
}

/** A list with more chunks than this releases those that are not in use. */
const openChunks = 32;

/**
 * The events of one partition key, in order of (time, arrival), as linked chunks; released chunks are read from the store when
 * needed.
 */
export class EventList {
  readonly key: string;
  readonly #store: ChunkStore;
  readonly #bucketMs: number;
  readonly #width: number;
  readonly #buckets: Buckets;
  readonly calls: ListCalls;
  first: Chunk | undefined;
  last: Chunk | undefined;
  chunkCount = 0;
  /** The number of events since the list was loaded, trimmed ones included: the index after the last event. */
  total = 0;
  /** The time of the last event of the first chunk. */
  firstEnd = Infinity;
  /** The number of events trimmed at the front since the list was loaded: the index of the first event. */
  trimmed = 0;

  constructor(
    key: string,
    store: ChunkStore,
    { width, bucketMs, calls }: { readonly width: number; readonly bucketMs: number; readonly calls: ListCalls },
    stored: readonly StoredBucket[],
  ) {
    this.key = key;
    this.calls = calls;
    this.#buckets = new Buckets(key, store, (page) => calls.statesOf(this, page));
    this.#store = store;
    this.#width = width;
    this.#bucketMs = bucketMs;
    for (const bucket of stored) {
      for (const chunk of bucket.chunks) {
        this.#link(chunk, this.last);
        this.total += chunk.count;
      }
      this.#buckets.load(bucket);
    }
    this.#measureFirst();
  }

  /** Links a chunk after another one, or as the first. */
  #link(chunk: Chunk, behind: Chunk | undefined): void {
    const next = behind === undefined ? this.first : behind.next;
    chunk.prev = behind;
    chunk.next = next;
    if (behind === undefined) this.first = chunk;
    else behind.next = chunk;
    if (next === undefined) this.last = chunk;
    else next.prev = chunk;
    this.chunkCount++;
  }

  #measureFirst(): void {
    this.firstEnd = this.first?.last ?? Infinity;
  }

  #bucketOf(time: number): number {
    if (this.#bucketMs === Infinity || time < 0) return 0;
    return Math.floor(time / this.#bucketMs) * this.#bucketMs;
  }
  /** Marks a chunk to be written, with its page; the chunk must be open. */
  changed(chunk: Chunk): void {
    if (chunk.dirty) return;
    this.#store.put(this.key, chunk, this.#buckets.of(chunk.bucket).info);
    if (chunk.page !== undefined) this.#buckets.pageChanged(chunk.page);
  }
  #put(chunk: Chunk, at: number, time: number, values: readonly Value[]): void {
    chunk.insert(at, time, values);
    if (chunk.page !== undefined) this.calls.enter(chunk.page, chunk, at);
    this.changed(chunk);
  }

  /** Makes sure that a chunk's values are in memory. */
  open(chunk: Chunk): Chunk {
    if (chunk.isReleased) this.#store.reopen(this.key, chunk);
    return chunk;
  }
  /** Ends the use of a chunk: a long list releases it if the store has its values. */
  leave(chunk: Chunk): void {
    if (this.chunkCount > openChunks && !chunk.dirty && chunk.id !== 0) chunk.release();
  }

  /** Inserts an event after all events of its time. `followers` are told of chunks that were split. */
  insert(time: number, values: readonly Value[], followers: readonly SplitListener[]): Place {
    let before = this.last;
    let behind = 0;
    while (before !== undefined && before.first > time) {
      behind += before.count;
      before = before.prev;
    }
    const bucket = this.#bucketOf(time);
    if (before !== undefined && before.last > time) return this.#insertInside(before, time, values, behind, followers);
    const index = this.total - behind;
    const isLate = behind > 0;
    this.total++;
    const chunk = this.#roomAfter(before, bucket, values);
    const at = chunk === before ? chunk.count : 0;
    this.#put(chunk, at, time, values);
    if (chunk.prev === undefined || isLate) this.#measureFirst();
    return { chunk, at, index, isLate };
  }

  /** A chunk of the bucket with room for an event after `before`, or before all others. */
  #roomAfter(before: Chunk | undefined, bucket: number, values: readonly Value[]): Chunk {
    if (before?.bucket === bucket) {
      this.open(before);
      if (hasRoom(before, values)) return before;
      if (before.id === 0) return this.#newTail(before);
      return this.#newSealed(before, before);
    }
    const next = before === undefined ? this.first : before.next;
    if (next?.bucket === bucket) {
      this.open(next);
      if (hasRoom(next, values)) return next;
      return this.#newSealed(next, before);
    }
    const tail = new Chunk(bucket, 0, Infinity, this.#width);
    this.#buckets.begin(tail);
    this.#link(tail, before);
    return tail;
  }

  #insertInside(
    chunk: Chunk,
    time: number,
    values: readonly Value[],
    behind: number,
    followers: readonly SplitListener[],
  ): Place {
    this.open(chunk);
    let at = chunk.count;
    while (chunk.times[at - 1]! > time) at--;
    const index = this.total - behind - chunk.count + at;
    this.total++;
    if (!hasRoom(chunk, values)) {
      // If neither half has room for a large event, it gets a chunk of its own.
      const later = this.#split(chunk, at, followers);
      const target = hasRoom(chunk, values) ? chunk : hasRoom(later, values) ? later : this.#newSealed(chunk, chunk);
      const place = target === chunk ? chunk.count : 0;
      this.#put(target, place, time, values);
      this.#measureFirst();
      return { chunk: target, at: place, index, isLate: true };
    }
    this.#put(chunk, at, time, values);
    return { chunk, at, index, isLate: true };
  }

  /** Splits a chunk; returns the new chunk with the events from `at` on. If the chunk was a tail, the new one is the tail. */
  #split(chunk: Chunk, at: number, followers: readonly SplitListener[]): Chunk {
    if (chunk.id !== 0) {
      const later = this.#newSealed(chunk, chunk);
      chunk.splitInto(later, at);
      this.changed(chunk);
      this.changed(later);
      for (const follower of followers) follower.chunkSplit(chunk, at, later);
      return later;
    }
    const tail = this.#newTail(chunk);
    chunk.splitInto(tail, at);
    this.changed(chunk);
    this.changed(tail);
    for (const follower of followers) follower.chunkSplit(chunk, at, tail);
    return tail;
  }

  /** Seals the tail of a bucket and links a new one after it. */
  #newTail(sealed: Chunk): Chunk {
    const { bucket } = sealed;
    const { info } = this.#buckets.of(bucket);
    // The entry with the tail's id 0 is overwritten; the sealed chunk is written under its new id.
    sealed.id = info.nextId++;
    sealed.isCold = this.chunkCount > openChunks;
    info.sealed++;
    const { prev } = sealed;
    sealed.rank = prev?.bucket === bucket ? prev.rank + 1 : 1;
    this.changed(sealed);
    this.calls.summarize(this, sealed);
    const tail = new Chunk(bucket, 0, Infinity, this.#width);
    this.#link(tail, sealed);
    this.#buckets.tailSealed(tail);
    return tail;
  }
  /** Links a new sealed chunk of a bucket after `before`, which may be of another bucket. */
  #newSealed(neighbour: Chunk, before: Chunk | undefined): Chunk {
    const { bucket } = neighbour;
    const { tail, info } = this.#buckets.of(bucket);
    const chunk = new Chunk(bucket, info.nextId++, 0, this.#width);
    info.sealed++;
    this.#link(chunk, before);
    this.#rank(chunk);
    this.#buckets.inserted(chunk);
    this.changed(tail);
    return chunk;
  }
  /** Gives a chunk a rank between its neighbours'; when halving has run out of digits, ranks the whole bucket anew. */
  #rank(chunk: Chunk): void {
    const { bucket, prev, next } = chunk;
    const low = prev?.bucket === bucket ? prev.rank : 0;
    const high = next?.bucket === bucket && next.rank !== Infinity ? next.rank : low + 2;
    chunk.rank = (low + high) / 2;
    if (chunk.rank > low && chunk.rank < high) return;
    let start = chunk;
    while (start.prev?.bucket === bucket) start = start.prev;
    let rank = 1;
    for (let ranked: Chunk | undefined = start; ranked?.bucket === bucket && ranked.id !== 0; ranked = ranked.next) {
      ranked.rank = rank++;
      if (ranked !== chunk) this.changed(this.open(ranked));
    }
  }

  /** Removes the first chunk, in the store too. */
  trimFirst(): void {
    const chunk = this.first!;
    this.trimmed += chunk.count;
    this.first = chunk.next;
    if (this.first === undefined) this.last = undefined;
    else this.first.prev = undefined;
    this.chunkCount--;
    this.#buckets.trimmed(chunk);
    this.#measureFirst();
    this.#store.remove(this.key, chunk);
  }
}

function hasRoom(chunk: Chunk, values: readonly Value[]): boolean {
  if (chunk.count === 0) return true;
  if (chunk.isFull) return false;
  for (const value of values)
    if (typeof value === 'object' || typeof value === 'string')
      return chunk.bytes + roughSize(values) <= chunkLimits.bytes;
  return true;
}
function roughSize(values: readonly Value[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === 'string' || Buffer.isBuffer(value) ? value.length * 3 : 64;
  return bytes;
}

/** Moves a gap after a chunk's last event to before the next chunk's first one. */
export function settle(gap: Gap): void {
  while (gap.at >= gap.chunk.count && gap.chunk.next !== undefined) {
    gap.chunk = gap.chunk.next;
    gap.at = 0;
  }
}
