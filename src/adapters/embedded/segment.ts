import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { batchHeader, checkCrc, CorruptBatch, readBatchInfo, type BatchInfo } from '../../records/batch.ts';
import { quietly, type LogFiles } from './log-files.ts';

/** A segment file as its partition knows it. */
export interface Segment {
  readonly base: number;
  next: number;
  size: number;
  /** When its last and its first batch were appended. */
  newest: number;
  began: number;
  /** Undefined while it is not open. */
  file: number | undefined;
  /** What is wrong with the file. */
  damage: string | undefined;
  /** Whether the database names it as sealed. */
  isStored: boolean;
  /** How often its records were compacted; its offsets may have gaps then. */
  readonly revision: number;
  /** Whether the log up to its end has no two records of a key. */
  readonly isClean: boolean;
}
/** Where a segment is damaged: what is before it can be read. */
export interface SegmentDamage {
  readonly what: string;
  readonly offset: number;
  readonly position: number;
}

/** How many sealed segments a partition keeps open for reading. */
const openFiles = 2;

/** Reads segments of one partition and checks what it reads. */
export class SegmentReader {
  readonly #files: LogFiles;
  readonly #path: (segment: Segment) => string;
  readonly #positions = new Map<number, { readonly offset: number; readonly position: number }>();
  readonly #opened: Segment[] = [];

  constructor(files: LogFiles, path: (segment: Segment) => string) {
    this.#files = files;
    this.#path = path;
  }

  /** Batches from the first with records at `offset` or behind it, below `limit`; empty if the segment has none. */
  read(segment: Segment, offset: number, maximum: number, limit: number): Buffer[] {
    const hint = this.#positions.get(segment.base);
    let [expected, position] =
      hint !== undefined && hint.offset <= offset ? [hint.offset, hint.position] : [segment.base, 0];
    const batches: Buffer[] = [];
    let chunk = Buffer.allocUnsafe(Math.max(maximum, 1 << 20));
    while (position < segment.size && batches.length === 0) {
      const wanted = Math.min(chunk.length, segment.size - position);
      const size = this.#read(segment, chunk, wanted, position);
      let at = 0;
      for (;;) {
        const info = checked(chunk, at, size, { expected, from: offset, until: untilOf(segment) });
        if (info === undefined) break;
        if (typeof info === 'string') {
          if (batches.length > 0) {
            this.#positions.set(segment.base, { offset: expected, position: position + at });
            return batches;
          }
          throw this.#damage(segment, expected, info, position + at);
        }
        if (info.baseOffset >= limit) return batches;
        if (info.lastOffset >= offset) batches.push(chunk.subarray(info.start, info.end));
        at = info.end;
        expected = info.lastOffset + 1;
      }
      if (at === 0) {
        // A batch larger than the buffer is read alone; where the file ends before it does, the file is damaged.
        const length = size < batchHeader ? 0 : chunk.readInt32BE(8) + 12;
        if (size < wanted || length <= chunk.length || length > segment.size - position)
          throw this.#damage(segment, expected, segment.damage ?? 'the batch is cut off', position);
        chunk = Buffer.allocUnsafe(length);
      }
      position += at;
    }
    this.#positions.set(segment.base, { offset: expected, position });
    if (batches.length === 0 && offset < segment.next && segment.revision === 0)
      throw this.#damage(segment, expected, 'its end is missing', position);
    return batches;
  }

  /** Reads a segment to its end. */
  verify(segment: Segment, limit: number): SegmentDamage | undefined {
    let offset = segment.base;
    try {
      while (offset < segment.next) {
        const last = this.read(segment, offset, 1 << 20, limit).at(-1);
        if (last === undefined) break;
        offset = readBatchInfo(last, 0, last.length)!.lastOffset + 1;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const { position = 0 } = this.#positions.get(segment.base) ?? {};
      return { what: error.message, offset, position };
    }
  }

  #read(segment: Segment, chunk: Buffer, length: number, position: number): number {
    try {
      segment.file ??= this.#open(segment);
      return this.#files.read(segment.file, chunk, length, position);
    } catch (error) {
      if (segment.damage === undefined) throw error;
      return 0;
    }
  }
  #open(segment: Segment): number {
    const file = this.#files.open(this.#path(segment), 'read');
    this.#opened.push(segment);
    if (this.#opened.length > openFiles) this.forget(this.#opened[0]!);
    return file;
  }

  #damage(segment: Segment, offset: number, why: string, position: number): SqlError {
    const what = segment.damage ?? `${this.#path(segment)}, byte ${position}: ${why}`;
    const readable = `offsets before ${offset} can be read`;
    return damaged(`${what}; of this partition, ${readable}`);
  }

  /** Closes a segment's file. */
  forget(segment: Segment): void {
    this.#positions.delete(segment.base);
    const at = this.#opened.indexOf(segment);
    if (at >= 0) this.#opened.splice(at, 1);
    if (segment.file === undefined) return;
    const { file } = segment;
    segment.file = undefined;
    // It may be damaged; either way nothing reads it any more.
    quietly(() => this.#files.close(file));
  }
}

/** The error of damaged files. */
export const damaged = (what: string): SqlError => new SqlError('STATE_DAMAGED', noSpan, { what });

/** What a batch is held to: the offset that must follow and, where offsets may be missing, what all of them are below. */
export interface Expected {
  readonly expected: number;
  /** The checksum of a batch before it is not looked at: nobody reads it. */
  readonly from: number;
  readonly until: number | undefined;
}
/** What the offsets of a compacted segment are below; undefined of one that has them all. */
export const untilOf = ({ revision, next }: Segment): number | undefined => (revision === 0 ? undefined : next);

/** The batch at a place, if it is whole and the one that must follow; undefined if the bytes end before it does, else what is wrong. */
export function checked(
  bytes: Buffer,
  at: number,
  size: number,
  { expected, from, until }: Expected,
): BatchInfo | string | undefined {
  try {
    if (at + 12 <= size && bytes.readInt32BE(at + 8) + 12 < batchHeader) return 'the length of the batch is wrong';
    const info = readBatchInfo(bytes, at, size);
    if (info === undefined) return undefined;
    const { baseOffset, lastOffset } = info;
    const follows = until === undefined ? baseOffset === expected : baseOffset >= expected && lastOffset < until;
    if (!follows || lastOffset < expected)
      return `a batch with offset ${baseOffset} stands where ${expected} must follow`;
    if (lastOffset >= from) checkCrc(bytes, info);
    return info;
  } catch (error) {
    if (error instanceof CorruptBatch) return error.message;
    throw error;
  }
}
