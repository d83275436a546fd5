import { decodeValue, encodeShared } from '../codec.ts';
import { Chunk, ChunkPage } from './chunk.ts';

/** What the entry of a page has beside its chunks. */
export interface PageFacts {
  /** The least id of the bucket's sealed chunks that were in no page when the entry was written. */
  readonly looseFrom: number;
  /** The states over the page's events, each behind its call's number. */
  readonly states: readonly unknown[];
}

/** Six numbers for each chunk. */
const width = 6;
type Stored = readonly [looseFrom: number, chunks: readonly number[], states: readonly unknown[]];

/** Encodes a page into a shared buffer: the bytes are valid until the next call. */
export function encodePage(page: ChunkPage, { looseFrom, states }: PageFacts): Buffer {
  const numbers: number[] = [];
  for (const { id, rank, count, first, last, bytes } of page.chunks())
    numbers.push(id, rank, count, first, last, bytes);
  return encodeShared([looseFrom, numbers, states] satisfies Stored);
}

/** Decodes a page with its chunks, which are linked to each other and released. */
export function decodePage(
  encoded: Buffer,
  bucket: number,
  id: number,
): { readonly page: ChunkPage; readonly looseFrom: number } {
  const [looseFrom, numbers, states] = decodeValue(encoded) as Stored;
  let first: Chunk | undefined;
  let last: Chunk | undefined;
  for (let i = 0; i < numbers.length; i += width) {
    const chunk = new Chunk(bucket, numbers[i]!, numbers[i + 1]!, 0);
    chunk.count = numbers[i + 2]!;
    chunk.first = numbers[i + 3]!;
    chunk.last = numbers[i + 4]!;
    chunk.bytes = numbers[i + 5]!;
    if (last === undefined) first = chunk;
    else last.next = chunk;
    last = chunk;
  }
  const page = new ChunkPage(bucket, id, first!, last!);
  for (let i = 0; i < states.length; i += 2) page.states.set(states[i] as number, states[i + 1]);
  return { page, looseFrom };
}
