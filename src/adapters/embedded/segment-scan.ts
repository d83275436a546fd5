import { batchHeader, RecordCursor, type BatchInfo } from '../../records/batch.ts';
import type { LogFiles } from './log-files.ts';
import { checked, damaged, untilOf, type Segment } from './segment.ts';

const chunkBytes = 1 << 18;

/** Reads all records of a segment once, beside the event loop, with files of its own. Damage throws. */
export class SegmentScan {
  /** The records of the batch at hand. */
  readonly cursor = new RecordCursor();
  readonly #segment: Segment;
  readonly #path: string;
  readonly #files: LogFiles;
  readonly #file: number;
  #chunk = Buffer.allocUnsafe(chunkBytes);
  /** Where the chunk stands in the file, how much of it is filled, and how much of that was read. */
  #position = 0;
  #size = 0;
  #at = 0;
  #expected: number;

  constructor(segment: Segment, path: string, files: LogFiles) {
    this.#segment = segment;
    this.#path = path;
    this.#files = files;
    this.#expected = segment.base;
    this.#file = files.open(path, 'read');
  }

  /** Goes to the next batch; undefined behind the last one. */
  async next(): Promise<BatchInfo | undefined> {
    for (;;) {
      const until = untilOf(this.#segment);
      const info = checked(this.#chunk, this.#at, this.#size, { expected: this.#expected, from: 0, until });
      if (typeof info === 'string') throw this.#damage(info);
      if (info !== undefined) {
        this.cursor.open(this.#chunk, this.#at + batchHeader, info);
        this.#at = info.end;
        this.#expected = info.lastOffset + 1;
        return info;
      }
      if (this.#position + this.#at >= this.#segment.size) return undefined;
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    const isCut = this.#at === 0 && this.#size > 0;
    if (isCut) {
      const length = this.#size < batchHeader ? 0 : this.#chunk.readInt32BE(8) + 12;
      if (length <= this.#chunk.length || length > this.#segment.size - this.#position)
        throw this.#damage('the batch is cut off');
      this.#chunk = Buffer.allocUnsafe(length);
    }
    this.#position += this.#at;
    this.#at = 0;
    const wanted = Math.min(this.#chunk.length, this.#segment.size - this.#position);
    this.#size = await this.#files.readLater(this.#file, this.#chunk, wanted, this.#position);
    if (this.#size < wanted) throw this.#damage('the file ends before its batches do');
  }
  #damage(why: string): Error {
    return damaged(`${this.#path}, byte ${this.#position + this.#at}: ${why}`);
  }

  close(): void {
    this.#files.close(this.#file);
  }
}
