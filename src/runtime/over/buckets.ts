import { chunkLimits, ChunkPage, type Chunk } from './chunk.ts';
import type { TailInfo } from './chunk-bytes.ts';
import type { ChunkStore, StoredBucket } from './chunk-store.ts';

/** A bucket of a list: its tail, and what its sealed chunks need. */
interface Bucket {
  tail: Chunk;
  readonly info: TailInfo;
  /** The number of sealed chunks behind its last page. */
  loose: number;
  nextPage: number;
}

/**
 * The buckets of one list, with the pages of their sealed chunks. A page begins as chunks that followed each other in order; chunks
 * that come between them later join it.
 */
export class Buckets {
  readonly #key: string;
  readonly #store: ChunkStore;
  /** The states that are stored with a page, each behind its call's number. */
  readonly #statesOf: (page: ChunkPage) => readonly unknown[];
  readonly #buckets = new Map<number, Bucket>();

  constructor(key: string, store: ChunkStore, statesOf: (page: ChunkPage) => readonly unknown[]) {
    this.#key = key;
    this.#store = store;
    this.#statesOf = statesOf;
  }

  /** Takes in a bucket whose chunks are linked. */
  load({ chunks, tail, nextPage }: StoredBucket): void {
    const loose = chunks.filter(({ id, page }) => id !== 0 && page === undefined).length;
    const last = chunks.at(-1)!;
    const bucket = { tail: last, info: tail, loose, nextPage };
    this.#buckets.set(last.bucket, bucket);
    // An older version stored no pages.
    while (bucket.loose >= chunkLimits.page) this.#addPage(bucket);
  }
  /** Begins a bucket with an empty tail. */
  begin(tail: Chunk): void {
    this.#buckets.set(tail.bucket, { tail, info: { sealed: 0, nextId: 1 }, loose: 0, nextPage: 0 });
  }
  of(bucket: number): { readonly tail: Chunk; readonly info: TailInfo } {
    return this.#buckets.get(bucket)!;
  }

  /** The tail was sealed, and another one linked behind it. */
  tailSealed(next: Chunk): void {
    const bucket = this.#buckets.get(next.bucket)!;
    bucket.tail = next;
    this.#addLoose(bucket);
  }
  /** A sealed chunk was linked between others: it joins a neighbour's page. */
  inserted(chunk: Chunk): void {
    const bucket = this.#buckets.get(chunk.bucket)!;
    const page = chunk.prev?.bucket === chunk.bucket ? chunk.prev.page : chunk.next?.page;
    if (page === undefined) {
      this.#addLoose(bucket);
      return;
    }
    page.join(chunk);
    this.pageChanged(page);
    if (page.count > 2 * chunkLimits.page) this.pageChanged(page.split(bucket.nextPage++));
  }
  #addLoose(bucket: Bucket): void {
    if (++bucket.loose >= chunkLimits.page) this.#addPage(bucket);
  }
  /** Makes a page of the first loose chunks of a bucket. */
  #addPage(bucket: Bucket): void {
    let first = bucket.tail.prev!;
    for (let i = 1; i < bucket.loose; i++) first = first.prev!;
    let last = first;
    for (let i = 1; i < chunkLimits.page; i++) last = last.next!;
    const page = new ChunkPage(bucket.tail.bucket, bucket.nextPage++, first, last);
    bucket.loose -= page.count;
    this.pageChanged(page);
  }

  /** Marks a page to be written. */
  pageChanged(page: ChunkPage): void {
    const bucket = this.#buckets.get(page.bucket)!;
    this.#store.putPage(this.#key, page, () => ({ looseFrom: looseFrom(bucket), states: this.#statesOf(page) }));
  }

  /** The first chunk of the list was unlinked. The entry of its page stays as it is until the last chunk is gone. */
  trimmed({ id, bucket, page }: Chunk): void {
    if (id === 0) {
      this.#buckets.delete(bucket);
      return;
    }
    const trimmed = this.#buckets.get(bucket)!;
    trimmed.info.sealed--;
    if (page === undefined) trimmed.loose--;
    else if (page.count > 1) page.dropFirst();
    else this.#store.removePage(this.#key, page);
  }
}

/** The least id of the sealed chunks that are in no page: those that will be sealed later have greater ones. */
function looseFrom({ tail, info, loose }: Bucket): number {
  let least = info.nextId;
  let chunk = tail.prev;
  for (let i = 0; i < loose; i++, chunk = chunk!.prev) if (chunk!.id < least) least = chunk!.id;
  return least;
}
