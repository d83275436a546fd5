import type { StateWriter } from '../ports/state-backend.ts';
import { InternalError } from '../../util/internal-error.ts';
import { CachedStore, type StoreLayout, type StoreLocation } from '../stores/cached-store.ts';
import { after, writeTime } from '../stores/key-bytes.ts';
import { Chunk, type ChunkPage } from './chunk.ts';
import { decodeChunk, encodeChunk, type TailInfo } from './chunk-bytes.ts';
import { decodePage, encodePage, type PageFacts } from './page-bytes.ts';

/** The most entries of expired buckets that one commit deletes. */
const deletionsPerCommit = 20_000;

/** The chunks of one key in one bucket, in order; the tail is the last. */
export interface StoredBucket {
  readonly chunks: readonly Chunk[];
  readonly tail: TailInfo;
  /** An id that no page of the bucket has. */
  readonly nextPage: number;
}

/** Ids from this on are those of pages. */
const pageIds = 2 ** 31;

/**
 * Chunks of events, and pages of chunks, by time bucket, key and id: `e`, bucket (8 bytes), length of the key (4), key, id (4).
 * Buckets expire as a whole. There is no read cache: the caller keeps the chunks that it loads, and puts those that it changes.
 */
export class ChunkStore extends CachedStore {
  readonly #width: number;
  readonly #dirty = new Map<Chunk, readonly [key: string, tail: TailInfo]>();
  /** The pages to be written, each with what gives its entry. */
  readonly #dirtyPages = new Map<ChunkPage, readonly [key: string, facts: () => PageFacts]>();
  readonly #removed: Buffer[] = [];
  #dirtyBytes = 0;
  readonly #entries: Buffer;
  /** The bounds of the buckets that the backend has. */
  #oldest = Infinity;
  #newest = -Infinity;
  /** Buckets before this have expired; flushes delete them from the backend. */
  #expired = -Infinity;
  #isDeleting = false;
  /** Called at the end of each flush. */
  onFlushed: (() => void) | undefined;

  /** `width` is the number of columns of a chunk. */
  constructor(location: StoreLocation, layout: StoreLayout, width: number) {
    super(location, layout);
    this.#width = width;
    this.#entries = this.keyOf('e');
    const last = this.backend.last(this.#entries, after(this.#entries));
    if (last === undefined) return;
    this.#newest = this.#bucketOf(last);
    for (const [key] of this.backend.range(this.#entries, after(this.#entries))) {
      this.#oldest = this.#bucketOf(key);
      break;
    }
  }
  #bucketOf(key: Buffer): number {
    return Number(key.readBigInt64BE(this.#entries.length));
  }

  /** The key of a chunk; without an id, the prefix of the keys of a bucket's chunks. */
  #keyOf(bucket: number, key: string, id?: number): Buffer {
    const { length } = this.#entries;
    const text = Buffer.byteLength(key);
    const bytes = Buffer.allocUnsafe(length + 12 + text + (id === undefined ? 0 : 4));
    bytes.set(this.#entries);
    writeTime(bytes, bucket, length);
    bytes.writeUInt32BE(text, length + 8);
    bytes.utf8Write(key, length + 12);
    if (id !== undefined) bytes.writeUInt32BE(id, length + 12 + text);
    return bytes;
  }

  /** Reads the stored buckets of some keys, each in order of time. */
  load(keys: readonly string[], bucketMs: number): readonly (readonly StoredBucket[])[] {
    const buckets: number[] = [];
    if (this.#newest >= this.#oldest)
      for (let at = Math.max(this.#oldest, this.#expired); at <= this.#newest; at += bucketMs) buckets.push(at);
    if (buckets.length === 0) return keys.map(() => []);
    const wanted = keys.flatMap((key) => buckets.map((bucket) => this.#keyOf(bucket, key, 0)));
    const stored = this.backend.getMany(wanted);
    return keys.map((key, i) =>
      buckets.flatMap((bucket, j): StoredBucket[] => {
        const bytes = stored[i * buckets.length + j];
        return bytes === undefined ? [] : [this.#bucket(bucket, key, bytes)];
      }),
    );
  }
  #bucket(bucket: number, key: string, bytes: Buffer): StoredBucket {
    const last = new Chunk(bucket, 0, Infinity, 0);
    const tail = decodeChunk(bytes, last, this.#width);
    if (tail.sealed === 0) return { chunks: [last], tail, nextPage: 0 };
    const { chunks, looseFrom, nextPage } = this.#pages(bucket, key);
    const known = new Set(chunks.map(({ id }) => id));
    for (const [entryKey, value] of this.backend.range(
      this.#keyOf(bucket, key, looseFrom),
      this.#keyOf(bucket, key, pageIds),
    )) {
      const chunk = new Chunk(bucket, entryKey.readUInt32BE(entryKey.length - 4), 0, 0);
      if (known.has(chunk.id)) continue;
      decodeChunk(value, chunk, this.#width);
      // Of a long bucket most chunks are only passed, so their values are not kept.
      if (tail.sealed > 16) chunk.release();
      chunks.push(chunk);
    }
    return { chunks: [...chunks.sort((a, b) => a.rank - b.rank), last], tail, nextPage };
  }
  /** The chunks of a bucket's pages, released, and the least id that a chunk in none of them may have. */
  #pages(
    bucket: number,
    key: string,
  ): { readonly chunks: Chunk[]; readonly looseFrom: number; readonly nextPage: number } {
    const pages: ChunkPage[] = [];
    let looseFrom = 1;
    let nextPage = 0;
    const prefix = this.#keyOf(bucket, key);
    for (const [entryKey, value] of this.backend.range(this.#keyOf(bucket, key, pageIds), after(prefix))) {
      const id = entryKey.readUInt32BE(entryKey.length - 4) - pageIds;
      const decoded = decodePage(value, bucket, id);
      pages.push(decoded.page);
      // Pages are made one behind the other, so that the newest entry is the one that knows.
      looseFrom = Math.max(looseFrom, decoded.looseFrom);
      nextPage = id + 1;
    }
    pages.sort((a, b) => a.first.rank - b.first.rank);
    if (pages.length > 0) this.#dropTrimmed(key, pages[0]!);
    return { chunks: pages.flatMap((page) => [...page.chunks()]), looseFrom, nextPage };
  }
  /** Drops the chunks of a list's first page that were removed after its entry was written. */
  #dropTrimmed(key: string, page: ChunkPage): void {
    const chunks = [...page.chunks()];
    const stored = this.backend.getMany(chunks.map(({ bucket, id }) => this.#keyOf(bucket, key, id)));
    for (const bytes of stored) {
      if (bytes !== undefined || page.count === 1) return;
      page.dropFirst();
    }
  }

  /** Reads the values of a released chunk again; throws InternalError if the chunk is not stored. */
  reopen(key: string, chunk: Chunk): void {
    const [bytes] = this.backend.getMany([this.#keyOf(chunk.bucket, key, chunk.id)]);
    if (bytes === undefined) throw new InternalError(`chunk ${chunk.id} of bucket ${chunk.bucket} is not stored`);
    decodeChunk(bytes, chunk, this.#width);
  }

  /** Marks a chunk to be written at the next flush; `tail` is that of its bucket. */
  put(key: string, chunk: Chunk, tail: TailInfo): void {
    if (chunk.dirty) return;
    chunk.dirty = true;
    this.#dirty.set(chunk, [key, tail]);
    this.#dirtyBytes += chunk.bytes + 300;
  }
  /** Marks a page to be written at the next flush, which asks for its facts. */
  putPage(key: string, page: ChunkPage, facts: () => PageFacts): void {
    this.#dirtyPages.set(page, [key, facts]);
  }
  removePage(key: string, page: ChunkPage): void {
    this.#dirtyPages.delete(page);
    if (page.bucket >= this.#expired) this.#removed.push(this.#keyOf(page.bucket, key, pageIds + page.id));
  }
  remove(key: string, chunk: Chunk): void {
    this.#dirty.delete(chunk);
    chunk.dirty = false;
    if (chunk.bucket < this.#expired) return;
    this.#removed.push(this.#keyOf(chunk.bucket, key, chunk.id));
  }

  /** Expires all buckets before one: readers no longer see them; flushes delete them in portions. */
  expire(bucket: number): void {
    if (bucket <= this.#expired) return;
    this.#expired = bucket;
    this.#isDeleting = true;
  }

  override get isFull(): boolean {
    return this.#dirtyBytes > this.cacheBytes;
  }
  /** Whether a flush would write entries. */
  protected override get hasChanges(): boolean {
    return this.#dirty.size > 0 || this.#removed.length > 0;
  }

  protected flushEntries(into: StateWriter): void {
    for (const key of this.#removed.splice(0)) into.delete(key);
    if (this.#isDeleting) this.#deleteExpired(into);
    // Before the chunks, whose values are still in memory.
    for (const [page, [key, facts]] of this.#dirtyPages) {
      if (page.bucket >= this.#expired)
        into.put(this.#keyOf(page.bucket, key, pageIds + page.id), encodePage(page, facts()));
    }
    this.#dirtyPages.clear();
    for (const [chunk, [key, tail]] of this.#dirty) {
      chunk.dirty = false;
      if (chunk.bucket < this.#expired) continue;
      into.put(this.#keyOf(chunk.bucket, key, chunk.id), encodeChunk(chunk, chunk.id === 0 ? tail : noTail));
      if (chunk.isCold) chunk.release();
      if (chunk.bucket < this.#oldest) this.#oldest = chunk.bucket;
      if (chunk.bucket > this.#newest) this.#newest = chunk.bucket;
    }
    this.#dirty.clear();
    this.#dirtyBytes = 0;
    this.onFlushed?.();
  }
  #deleteExpired(into: StateWriter): void {
    const to = Buffer.concat([this.#entries, Buffer.alloc(8)]);
    writeTime(to, Math.max(this.#expired, 0), this.#entries.length);
    let left = deletionsPerCommit;
    for (const [key] of this.backend.range(this.#entries, to)) {
      into.delete(key);
      if (--left === 0) return;
    }
    this.#isDeleting = false;
    if (this.#oldest < this.#expired) this.#oldest = this.#expired;
  }
}

const noTail: TailInfo = { sealed: 0, nextId: 0 };
