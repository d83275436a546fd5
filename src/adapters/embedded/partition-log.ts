import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { batchHeader, readBatchInfo, setBaseOffset } from '../../records/batch.ts';

/** How far a partition is committed: its next offset, and how much of its last segment counts. */
export interface LogEnd {
  readonly next: number;
  readonly segment: number;
  readonly bytes: number;
}

interface Segment {
  readonly base: number;
  readonly file: number;
  size: number;
  newest: number;
}
interface Recent {
  readonly base: number;
  readonly next: number;
  readonly bytes: Buffer;
}

const segmentBytes = 64 << 20;
const recentBytes = 8 << 20;

/**
 * One partition: record batches in segment files named by their first offset. Appends are seen by readers only once the owner
 * commits; what a crash left behind a recorded end is cut off when the partition is opened.
 */
export class PartitionLog {
  readonly #folder: string;
  readonly #segments: Segment[] = [];
  #recent: Recent[] = [];
  #recentSize = 0;
  #next: number;
  #committed: LogEnd;

  constructor(folder: string, end: LogEnd | undefined) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const bases = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number(name.slice(0, -4)))
      .sort((a, b) => a - b);
    for (const base of bases) {
      if (end === undefined || base > end.segment) rmSync(this.#path(base));
      else this.#open(base);
    }
    const last = this.#segments.at(-1);
    if (end !== undefined && last !== undefined) {
      if (last.base !== end.segment || last.size < end.bytes) {
        throw new SqlError('STATE_DAMAGED', noSpan, {
          what: `${this.#path(end.segment)} has ${last.size} bytes where ${end.bytes} were recorded`,
        });
      }
      ftruncateSync(last.file, end.bytes);
      last.size = end.bytes;
    }
    this.#next = end?.next ?? 0;
    this.#committed = this.end;
  }

  #path(base: number): string {
    return join(this.#folder, `${String(base).padStart(20, '0')}.log`);
  }
  #open(base: number): Segment {
    const file = openSync(this.#path(base), 'a+');
    const segment: Segment = { base, file, size: fstatSync(file).size, newest: 0 };
    this.#segments.push(segment);
    return segment;
  }

  get start(): number {
    return this.#segments[0]?.base ?? this.#next;
  }
  get end(): LogEnd {
    const last = this.#segments.at(-1);
    return { next: this.#next, segment: last?.base ?? 0, bytes: last?.size ?? 0 };
  }
  /** The first offset that readers may not see yet. */
  get committed(): number {
    return this.#committed.next;
  }
  /** Shows readers everything that was appended. */
  commit(): void {
    this.#committed = this.end;
  }
  /** Cuts off what was appended since the last commit. */
  rollBack(): void {
    const { next, segment, bytes } = this.#committed;
    while (this.#segments.length > 0 && (this.#segments.at(-1)!.base > segment || next === 0)) {
      const { file, base } = this.#segments.pop()!;
      closeSync(file);
      rmSync(this.#path(base));
    }
    const last = this.#segments.at(-1);
    if (last !== undefined) {
      ftruncateSync(last.file, bytes);
      last.size = bytes;
    }
    this.#next = next;
    this.#recent = this.#recent.filter((recent) => recent.next <= next);
    this.#recentSize = this.#recent.reduce((sum, recent) => sum + recent.bytes.length, 0);
  }
  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Writes a batch behind the others and gives it its offsets. */
  append(batch: Buffer): void {
    const info = readBatchInfo(batch, 0, batch.length)!;
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.size >= segmentBytes) segment = this.#open(this.#next);
    setBaseOffset(batch, 0, this.#next);
    for (let written = 0; written < batch.length;) written += writeSync(segment.file, batch, written);
    segment.size += batch.length;
    segment.newest = Math.max(segment.newest, info.maxTimestamp);
    this.#recent.push({ base: this.#next, next: this.#next + info.count, bytes: batch });
    this.#recentSize += batch.length;
    this.#next += info.count;
    while (this.#recentSize > recentBytes && this.#recent.length > 1)
      this.#recentSize -= this.#recent.shift()!.bytes.length;
  }

  sync(): void {
    const last = this.#segments.at(-1);
    if (last !== undefined) fdatasyncSync(last.file);
  }

  /** Whole batches from the one that holds `offset` on, up to about `maximum` bytes and the committed end. */
  read(offset: number, maximum: number): Buffer[] {
    if (offset >= this.committed) return [];
    const first = this.#recent[0];
    if (first !== undefined && offset >= first.base) {
      const found: Buffer[] = [];
      let size = 0;
      let low = this.#recent.findIndex((each) => each.next > offset);
      for (; low < this.#recent.length && low >= 0 && size < maximum; low++) {
        const each = this.#recent[low]!;
        if (each.next > this.committed) break;
        found.push(each.bytes);
        size += each.bytes.length;
      }
      return found;
    }
    return this.#readFile(Math.max(offset, this.start), maximum);
  }

  readonly #positions = new Map<number, { offset: number; position: number }>();

  #readFile(offset: number, maximum: number): Buffer[] {
    const index = this.#segments.findLastIndex(({ base }) => base <= offset);
    const segment = this.#segments[index];
    if (segment === undefined) return [];
    const hint = this.#positions.get(segment.base);
    let position = hint !== undefined && hint.offset <= offset ? hint.position : 0;
    const chunk = Buffer.allocUnsafe(Math.max(maximum, 1 << 20));
    const found: Buffer[] = [];
    while (position < segment.size) {
      const size = readSync(segment.file, chunk, 0, Math.min(chunk.length, segment.size - position), position);
      let at = 0;
      for (;;) {
        const info = readBatchInfo(chunk, at, size);
        if (info === undefined) break;
        at = info.end;
        if (info.lastOffset < offset) continue;
        if (info.baseOffset >= this.committed) return found;
        found.push(chunk.subarray(info.start, info.end));
      }
      if (at === 0) {
        // A batch larger than the chunk: read it alone.
        const length = chunk.readInt32BE(8) + 12;
        if (size < batchHeader || position + length > segment.size) break;
        const whole = Buffer.allocUnsafe(length);
        readSync(segment.file, whole, 0, length, position);
        if (readBatchInfo(whole, 0, length)!.lastOffset >= offset) found.push(whole);
        at = length;
      }
      position += at;
      if (found.length > 0) {
        this.#positions.set(segment.base, {
          offset: readBatchInfo(found.at(-1)!, 0, found.at(-1)!.length)!.lastOffset + 1,
          position,
        });
        return found;
      }
    }
    const next = this.#segments[index + 1];
    return next === undefined ? found : this.#readFile(next.base, maximum);
  }

  /** Deletes whole segments that are too old, or too many bytes from the end; the last one stays. */
  retain(oldestTimestamp: number, maximumBytes: number): void {
    while (this.#segments.length > 1) {
      const [first] = this.#segments;
      const tooOld = first!.newest > 0 && first!.newest < oldestTimestamp;
      if (!tooOld && this.bytes <= maximumBytes) return;
      closeSync(first!.file);
      rmSync(this.#path(first!.base));
      this.#segments.shift();
    }
  }

  close(): void {
    for (const { file } of this.#segments) closeSync(file);
  }
  destroy(): void {
    this.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
