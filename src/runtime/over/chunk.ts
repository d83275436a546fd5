import type { Value } from '../../types/sql-type.ts';

/** The most events that a chunk holds, about the most bytes, and the chunks of a new page. Tests set smaller ones. */
export const chunkLimits = { events: 64, bytes: 65_536, page: 64 };

const none: never[] = [];

/**
 * Consecutive events of a partition in order of (time, arrival), column by column. Chunks of a partition are linked in that order.
 * A chunk lies in one time bucket of its store; the newest of a bucket is its tail (id 0), the others are sealed.
 */
export class Chunk {
  readonly bucket: number;
  /** 0 for the tail of the bucket; otherwise unique among the chunks of the key and bucket. */
  id: number;
  /** Orders the sealed chunks of the key and bucket. */
  rank: number;
  /** Empty while the chunk is released: only the numbers below are then in memory. */
  times: number[] = [];
  columns: Value[][];
  count = 0;
  first = 0;
  last = 0;
  /** About the size of its values in bytes. */
  bytes = 0;
  /** The page that it is in: a sealed chunk of a long bucket. */
  page: ChunkPage | undefined;
  prev: Chunk | undefined;
  next: Chunk | undefined;
  dirty = false;
  /** Sealed while the list was long: released as soon as its values are stored. */
  isCold = false;
  /** The state over all of its events for each call, by number, that has asked for it; a change clears them. */
  summaries: Map<number, unknown> | undefined;

  constructor(bucket: number, id: number, rank: number, width: number) {
    this.bucket = bucket;
    this.id = id;
    this.rank = rank;
    this.columns = Array.from({ length: width }, () => []);
  }

  get isReleased(): boolean {
    return this.count > 0 && this.times.length === 0;
  }
  get isFull(): boolean {
    return this.count >= chunkLimits.events || this.bytes >= chunkLimits.bytes;
  }

  /** Inserts an event; the chunk must be open. */
  insert(at: number, time: number, values: readonly Value[]): void {
    const { times, columns } = this;
    this.bytes += 8;
    if (at === this.count) {
      times.push(time);
      for (let i = 0; i < columns.length; i++) {
        columns[i]!.push(values[i]!);
        this.bytes += sizeOf(values[i]!);
      }
    } else {
      times.splice(at, 0, time);
      for (let i = 0; i < columns.length; i++) {
        columns[i]!.splice(at, 0, values[i]!);
        this.bytes += sizeOf(values[i]!);
      }
    }
    this.count++;
    if (at === 0) this.first = time;
    if (at === this.count - 1) this.last = time;
    this.summaries = undefined;
  }

  /** Moves the events from `at` on into another, empty chunk. */
  splitInto(later: Chunk, at: number): void {
    later.times = this.times.splice(at);
    later.columns = this.columns.map((column) => column.splice(at));
    later.count = later.times.length;
    later.measure();
    this.count = this.times.length;
    this.measure();
    this.summaries = undefined;
  }
  /** Computes times and size of an open chunk from its events. */
  measure(): void {
    this.first = this.times[0]!;
    this.last = this.times[this.count - 1]!;
    this.bytes = 8 * this.count;
    for (const column of this.columns) for (const value of column) this.bytes += sizeOf(value);
  }

  /** Drops the values from memory; the store has them. */
  release(): void {
    this.times = none;
    this.columns = none;
  }
}

/**
 * Neighbouring sealed chunks of a bucket. Their bounds and the states over all of their events are one entry of the store: a long
 * list is loaded, and summed up, by pages instead of events.
 */
export class ChunkPage {
  readonly bucket: number;
  /** Unique among the pages of the key and bucket. */
  readonly id: number;
  first: Chunk;
  last: Chunk;
  /** The number of chunks. */
  count = 0;
  /** The state over all of its events for each call, by number, that has asked for it. */
  readonly states = new Map<number, unknown>();

  /** A page of the chunks from `first` to `last`. */
  constructor(bucket: number, id: number, first: Chunk, last: Chunk) {
    this.bucket = bucket;
    this.id = id;
    this.first = first;
    this.last = last;
    for (const chunk of this.chunks()) {
      chunk.page = this;
      this.count++;
    }
  }

  /** Its chunks, in order. */
  *chunks(): Iterable<Chunk> {
    for (let chunk = this.first; ; chunk = chunk.next!) {
      yield chunk;
      if (chunk === this.last) return;
    }
  }

  /** Takes in a chunk that was linked next to one of its own; its events must be of those that the states count, or none. */
  join(chunk: Chunk): void {
    chunk.page = this;
    this.count++;
    if (chunk.next === this.first) this.first = chunk;
    else if (chunk.prev === this.last) this.last = chunk;
  }

  /** Loses its first chunk; not if that is the only one. */
  dropFirst(): void {
    this.first = this.first.next!;
    this.count--;
    this.states.clear();
  }

  /** Gives its later half to a new page. */
  split(id: number): ChunkPage {
    let first = this.first;
    for (let i = 0; i < this.count >> 1; i++) first = first.next!;
    const later = new ChunkPage(this.bucket, id, first, this.last);
    this.last = first.prev!;
    this.count -= later.count;
    this.states.clear();
    return later;
  }
}

function sizeOf(value: Value): number {
  if (typeof value === 'number' || value === null || typeof value === 'boolean') return 8;
  if (typeof value === 'string') return value.length + 8;
  if (typeof value === 'bigint') return 24;
  if (Buffer.isBuffer(value)) return value.length + 8;
  let bytes = 16;
  if (value instanceof Map)
    for (const [key, item] of value as ReadonlyMap<Value, Value>) bytes += sizeOf(key) + sizeOf(item);
  else for (const item of value as readonly Value[]) bytes += sizeOf(item);
  return bytes;
}
