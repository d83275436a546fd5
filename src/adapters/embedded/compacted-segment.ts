import { dirname } from 'node:path';
import { BatchWriter, setBaseOffset, type RecordCursor } from '../../records/batch.ts';
import { quietly, writeWholeLater, type LogFiles } from './log-files.ts';
import type { SealedSegment } from './partition-log.ts';

/** What a segment is known by before its file has an end. */
export type SegmentPlace = Pick<SealedSegment, 'base' | 'revision' | 'isClean'>;

const batchBytes = 1 << 16;
/** How far offsets of one batch may be from each other: their differences have 32 bits. */
const batchOffsets = 1 << 29;

/** A segment that a compaction writes: records at their offsets, in batches of their own. */
export class CompactedSegment {
  readonly place: SegmentPlace;
  readonly #files: LogFiles;
  readonly #path: string;
  readonly #writer = new BatchWriter(batchBytes + (1 << 12));
  #file: number | undefined;
  #first = 0;
  #last = 0;
  #horizon: number | undefined;
  bytes = 0;

  constructor(place: SegmentPlace, path: string, files: LogFiles) {
    this.place = place;
    this.#path = path;
    this.#files = files;
    try {
      this.#file = files.open(path, 'new');
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /**
   * Adds the record at the cursor; the promise is one to wait for. `horizon` is a tombstone's: the time from which on it may be
   * removed, which all tombstones of a batch share.
   */
  add(cursor: RecordCursor, horizon: number | undefined): Promise<void> | undefined {
    const { offset } = cursor;
    const writer = this.#writer;
    const isOther = horizon !== undefined && this.#horizon !== horizon;
    if (writer.count > 0 && (isOther || writer.size > batchBytes || offset - this.#first > batchOffsets)) {
      const written = this.#flush();
      this.#put(cursor, isOther, horizon);
      return written;
    }
    this.#put(cursor, isOther, horizon);
    return undefined;
  }
  #put(cursor: RecordCursor, isOther: boolean, horizon: number | undefined): void {
    const { offset, timestamp } = cursor;
    const writer = this.#writer;
    if (writer.count === 0) {
      if (isOther) this.#horizon = horizon;
      writer.begin(this.#horizon);
      this.#first = offset;
    } else writer.leaveOut(offset - this.#last - 1);
    this.#last = offset;
    writer.add(timestamp, cursor.key(), cursor.value(), cursor.hasHeaders ? cursor.headers() : undefined);
  }

  async #flush(): Promise<void> {
    if (this.#writer.count === 0) return;
    const batch = this.#writer.finish();
    setBaseOffset(batch, 0, this.#first);
    const position = this.bytes;
    this.bytes += batch.length;
    await writeWholeLater(this.#files, this.#file!, batch, position);
  }

  /** Writes what is left and waits until the file and its name are on the disk: what it replaces is deleted. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#files.syncLater(this.#file!);
    this.close();
    await this.#files.syncFolderLater(dirname(this.#path));
  }
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) quietly(() => this.#files.close(file));
  }
  discard(): void {
    this.close();
    quietly(() => this.#files.remove(this.#path));
  }
}
