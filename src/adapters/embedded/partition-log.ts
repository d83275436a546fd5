import { join } from 'node:path';
import { batchHeader, readBatchInfo, setBaseOffset } from '../../records/batch.ts';
import { quietly, writeWhole, type LogFiles } from './log-files.ts';
import { damaged, SegmentReader, type Segment, type SegmentDamage } from './segment.ts';
import { UnsyncedFiles } from './unsynced-files.ts';

/** The end of a partition: its next offset, and the last segment's base offset, committed bytes, and times of appends. */
export interface LogEnd {
  readonly next: number;
  readonly segment: number;
  readonly bytes: number;
  /** When the segment got its last and its first batch; undefined in a folder of 0.1.0. */
  readonly newest?: number | undefined;
  readonly began?: number | undefined;
}
/** A segment that is no longer written. */
export interface SealedSegment {
  readonly base: number;
  readonly next: number;
  readonly bytes: number;
  readonly newest: number;
  readonly revision: number;
  readonly isClean: boolean;
}

export interface PartitionOptions {
  readonly folder: string;
  readonly files: LogFiles;
  /** What the database has of the partition. */
  readonly end: LogEnd | undefined;
  readonly sealed: readonly SealedSegment[];
  /** When a segment is full, by bytes and by the time since its first append. */
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** Keeps the bytes from `from` on that opening would cut off. */
  readonly keep?: ((path: string, from: number) => void) | undefined;
}

interface Recent {
  readonly base: number;
  readonly next: number;
  readonly bytes: Buffer;
}
const recentBytes = 8 << 20;

/**
 * One partition: record batches in segment files that are named by their first offset. Readers see appends after the commit.
 * Opening cuts off what a crash left after the recorded end; a recorded segment that is missing or too short is damage, which
 * who reads there is told of, and what is before it and after it is still read.
 */
export class PartitionLog {
  readonly #options: PartitionOptions;
  readonly #files: LogFiles;
  readonly #segments: Segment[] = [];
  readonly #reader: SegmentReader;
  #recent: Recent[] = [];
  #recentSize = 0;
  #next: number;
  #committed: LogEnd;
  readonly #unsynced: UnsyncedFiles;

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.#files = options.files;
    this.#reader = new SegmentReader(options.files, (segment) => this.path(segment));
    this.#unsynced = new UnsyncedFiles(options.folder, options.files, (segment) => this.path(segment));
    this.#next = options.end?.next ?? 0;
    this.#openAll(options.end);
    this.#committed = this.end;
  }

  /** The file of a segment, made or not: named by its first offset, and by how often it was compacted. */
  path({ base, revision }: Pick<Segment, 'base' | 'revision'>): string {
    return join(this.#options.folder, nameOf(base, revision));
  }

  #openAll(end: LogEnd | undefined): void {
    const { folder, sealed } = this.#options;
    const names = this.#files.list(folder).filter((name) => name.endsWith('.log'));
    // A folder of 0.1.0 names no sealed segments: all that are there count.
    const known = end?.newest === undefined ? this.#unnamed(names.map(baseOf), end) : sealed;
    const named = new Set(known.map(({ base, revision }) => nameOf(base, revision)));
    if (end !== undefined && end.bytes > 0) named.add(nameOf(end.segment, 0));
    for (const name of names) {
      if (named.has(name)) continue;
      this.#options.keep?.(join(folder, name), 0);
      this.#files.remove(join(folder, name));
    }
    for (const segment of known) this.#segments.push(this.#sealed(segment, end?.newest !== undefined));
    if (end !== undefined && end.bytes > 0) this.#segments.push(this.#active(end));
  }
  #unnamed(onDisk: readonly number[], end: LogEnd | undefined): readonly SealedSegment[] {
    if (end === undefined) return [];
    const older = onDisk.filter((base) => base < end.segment).sort((a, b) => a - b);
    return older.map((base, i) => {
      // One that ends before its successor begins has lost its end, or the next file is missing.
      const next = older[i + 1] ?? end.segment;
      const plain = { base, revision: 0, isClean: false };
      return { ...plain, next, bytes: this.#sizeOf(plain), newest: Date.now() };
    });
  }

  #sealed({ bytes, ...sealed }: SealedSegment, isStored: boolean): Segment {
    const damage = this.#shortage(sealed, bytes);
    return { ...sealed, size: bytes, began: sealed.newest, file: undefined, damage, isStored };
  }
  /** What is wrong with a recorded segment; undefined if its file is there with all its bytes. */
  #shortage(segment: Pick<Segment, 'base' | 'revision'>, bytes: number): string | undefined {
    const path = this.path(segment);
    try {
      const size = this.#sizeOf(segment);
      return size < bytes ? `${path} has ${size} bytes where ${bytes} were recorded` : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return `${path} is missing`;
    }
  }
  #sizeOf(segment: Pick<Segment, 'base' | 'revision'>): number {
    const file = this.#files.open(this.path(segment), 'read');
    try {
      return this.#files.size(file);
    } finally {
      this.#files.close(file);
    }
  }

  #active(end: LogEnd): Segment {
    const { segment: base, next, bytes: size } = end;
    const times = { newest: end.newest ?? Date.now(), began: end.began ?? Date.now() };
    const segment: Segment = { ...begun, base, next, size, ...times };
    const path = this.path(segment);
    segment.damage = this.#shortage(segment, size);
    if (segment.damage !== undefined) return segment;
    segment.file = this.#files.open(path, 'write');
    if (this.#files.size(segment.file) > size) {
      this.#options.keep?.(path, size);
      this.#files.truncate(segment.file, size);
    }
    return segment;
  }

  get start(): number {
    return this.#segments[0]?.base ?? this.#next;
  }
  /** The segment that appends go to; undefined if the next one begins another. */
  get #last(): Segment | undefined {
    const last = this.#segments.at(-1);
    return last?.isStored === true ? undefined : last;
  }
  get end(): LogEnd {
    const last = this.#last;
    if (last === undefined) return { next: this.#next, segment: this.#next, bytes: 0, newest: 0, began: 0 };
    return { next: this.#next, segment: last.base, bytes: last.size, newest: last.newest, began: last.began };
  }
  /** The segments that are no longer written. */
  get sealed(): readonly SealedSegment[] {
    const last = this.#last;
    return this.#segments.filter((segment) => segment !== last).map(sealedOf);
  }
  /** Those of them that the database does not name yet, which are the newest: looked for from the end, at every commit. */
  get unstored(): readonly SealedSegment[] {
    return this.#segments.slice(this.#firstUnstored(), -1).map(sealedOf);
  }
  #firstUnstored(): number {
    let first = this.#segments.length - 1;
    while (first > 0 && !this.#segments[first - 1]!.isStored) first--;
    return first;
  }
  /** What is wrong with its files, as far as opening them shows. */
  get damages(): readonly string[] {
    return this.#segments.flatMap(({ damage }) => damage ?? []);
  }
  /** The first offset that readers do not see. */
  get committed(): number {
    return this.#committed.next;
  }
  /** Makes all appends visible to readers. */
  commit(): void {
    this.#committed = this.end;
    for (let i = this.#firstUnstored(); i < this.#segments.length - 1; i++) this.#segments[i]!.isStored = true;
  }
  /**
   * Removes all appends since the last commit. Bytes that cannot be cut off now are written over by the next append, or cut off
   * when the folder is opened again.
   */
  rollBack(): void {
    const { next, segment, bytes } = this.#committed;
    for (let last = this.#segments.at(-1); last !== undefined; last = this.#segments.at(-1)) {
      if (last.base < segment || (last.base === segment && bytes > 0)) break;
      this.#segments.pop();
      this.#discard(last);
    }
    const last = this.#segments.at(-1);
    if (last !== undefined && bytes > 0) {
      const { newest, began } = this.#committed;
      Object.assign(last, { size: bytes, next, newest, began });
      const { file } = last;
      if (file !== undefined) quietly(() => this.#files.truncate(file, bytes));
    }
    this.#next = next;
    this.#keepRecent((recent) => recent.next <= next);
  }
  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Appends a batch and sets its base offset. */
  append(batch: Buffer): void {
    const info = readBatchInfo(batch, 0, batch.length)!;
    const now = Date.now();
    let segment = this.#last;
    if (segment?.damage !== undefined) throw damaged(segment.damage);
    if (segment === undefined || this.#isFull(segment, now)) segment = this.#begin(now);
    setBaseOffset(batch, 0, this.#next);
    writeWhole(this.#files, segment.file!, batch, segment.size);
    this.#unsynced.add(segment);
    segment.size += batch.length;
    segment.newest = now;
    this.#recent.push({ base: this.#next, next: this.#next + info.count, bytes: batch });
    this.#recentSize += batch.length;
    this.#next += info.count;
    segment.next = this.#next;
    while (this.#recentSize > recentBytes && this.#recent.length > 1)
      this.#recentSize -= this.#recent.shift()!.bytes.length;
  }
  #isFull({ size, began }: Segment, now: number): boolean {
    return size >= this.#options.segmentBytes || now - began > this.#options.segmentMs;
  }
  #begin(now: number): Segment {
    const segment: Segment = { ...begun, base: this.#next, next: this.#next, size: 0, newest: now, began: now };
    segment.file = this.#files.open(this.path(segment), 'new');
    this.#unsynced.addFile();
    this.#segments.push(segment);
    return segment;
  }

  sync(): void {
    this.#unsynced.sync();
  }
  /** The same beside the event loop, of what was appended before the call. */
  syncLater(): Promise<void> {
    return this.#unsynced.syncLater();
  }

  /**
   * Whole batches from the one that holds `offset`, up to about `maximum` bytes; committed ones only. Batches of a file are
   * checked: at damage it returns what is before it, and throws when that is nothing.
   */
  read(offset: number, maximum: number): Buffer[] {
    if (offset >= this.committed) return [];
    const first = this.#recent[0];
    if (first !== undefined && offset >= first.base) {
      const batches: Buffer[] = [];
      let size = 0;
      let low = this.#recent.findIndex(({ next }) => next > offset);
      for (; low < this.#recent.length && low >= 0 && size < maximum; low++) {
        const recent = this.#recent[low]!;
        if (recent.next > this.committed) break;
        batches.push(recent.bytes);
        size += recent.bytes.length;
      }
      return batches;
    }
    const from = Math.max(offset, this.start);
    const at = this.#segments.findLastIndex(({ base }) => base <= from);
    for (const segment of this.#segments.slice(Math.max(0, at))) {
      // Between two segments there is what was given up as damaged.
      if (from >= segment.next) continue;
      const first = Math.max(from, segment.base);
      const batches = this.#reader.read(segment, first, Math.max(maximum, batchHeader), this.committed);
      // At the end of a compacted segment, or in all of it, there may be nothing any more.
      if (batches.length > 0 || segment.revision === 0) return batches;
    }
    return [];
  }

  /** The segments that may be compacted: from the first on, those that nothing was appended to since and that end at `until` at most. */
  compactable(since: number, until: number): readonly Segment[] {
    const last = this.#last;
    const end = this.#segments.findIndex(
      (segment) =>
        segment === last ||
        !segment.isStored ||
        segment.damage !== undefined ||
        segment.newest > since ||
        segment.next > until,
    );
    return end < 0 ? [...this.#segments] : this.#segments.slice(0, end);
  }
  /** Whether it still has these segments. */
  holds(segments: readonly Segment[]): boolean {
    return segments.every((segment) => this.#segments.includes(segment));
  }
  /** Puts compacted segments into the place of others, whose files are deleted: the database names those that come. */
  replace(segments: readonly Segment[], by: readonly SealedSegment[]): void {
    this.#segments.splice(
      this.#segments.indexOf(segments[0]!),
      segments.length,
      ...by.map((sealed): Segment => {
        const { bytes, ...rest } = sealed;
        return { ...begun, ...rest, size: bytes, began: sealed.newest, isStored: true };
      }),
    );
    for (const segment of segments) this.#discard(segment);
    this.#keepRecent(({ base }) => base >= segments.at(-1)!.next);
  }
  #keepRecent(isKept: (recent: Recent) => boolean): void {
    this.#recent = this.#recent.filter(isKept);
    this.#recentSize = this.#recent.reduce((sum, recent) => sum + recent.bytes.length, 0);
  }
  #discard(segment: Segment): void {
    this.#unsynced.forget(segment);
    this.#reader.forget(segment);
    quietly(() => this.#files.remove(this.path(segment)));
  }

  /**
   * The segments that are too old, or beyond the maximum size of the partition: from the first on, the last one only by age. They
   * are `drop`ped when the database no longer names them.
   */
  expired(oldest: number, maximumBytes: number): readonly number[] {
    let bytes = this.bytes;
    const bases: number[] = [];
    for (const [i, segment] of this.#segments.entries()) {
      const isTooMuch = bytes > maximumBytes && i < this.#segments.length - 1;
      if (segment.newest >= oldest && !isTooMuch) break;
      bases.push(segment.base);
      bytes -= segment.size;
    }
    return bases;
  }
  /** The end without its expired segments. */
  endWithout(bases: readonly number[]): LogEnd {
    const isEmpty = bases.length === this.#segments.length;
    return isEmpty ? { next: this.#next, segment: this.#next, bytes: 0, newest: 0, began: 0 } : this.end;
  }
  /** Deletes expired segments. A file that cannot be deleted goes when the folder is opened again. */
  drop(bases: readonly number[]): void {
    for (const segment of this.#segments.splice(0, bases.length)) this.#discard(segment);
    this.#keepRecent(({ base }) => base >= this.start);
    this.#committed = this.end;
  }

  /** Reads everything; returns where it is damaged. */
  verify(): readonly SegmentDamage[] {
    return this.#segments.flatMap((segment) => this.#reader.verify(segment, this.committed) ?? []);
  }
  /**
   * Goes on without what is damaged: each segment ends before its damage, and takes no more appends. `keep` gets every file that
   * loses something.
   */
  giveUpDamage(keep: (path: string, from: number) => void): void {
    let last = this.#last;
    for (const segment of [...this.#segments]) {
      const damage = this.#reader.verify(segment, this.committed);
      if (damage === undefined) continue;
      keep(this.path(segment), damage.position);
      this.#reader.forget(segment);
      const isEmpty = damage.position === 0;
      if (isEmpty) this.#segments.splice(this.#segments.indexOf(segment), 1);
      else Object.assign(segment, { size: damage.position, next: damage.offset, damage: undefined });
      if (segment === last) last = undefined;
    }
    for (const segment of this.#segments) segment.isStored = segment !== last;
    this.#committed = this.end;
  }

  close(): void {
    for (const segment of this.#segments) this.#reader.forget(segment);
  }
  destroy(): void {
    this.close();
    for (const segment of this.#segments) quietly(() => this.#files.remove(this.path(segment)));
    quietly(() => this.#files.remove(this.#options.folder));
    this.#segments.length = 0;
  }
}

const nameOf = (base: number, revision: number): string =>
  `${String(base).padStart(20, '0')}${revision === 0 ? '' : `-${revision}`}.log`;
const baseOf = (name: string): number => Number(name.split(/[-.]/, 1)[0]);
/** What every segment begins with. */
const begun = { file: undefined, damage: undefined, isStored: false, revision: 0, isClean: false } as const;

const sealedOf = ({ base, next, size, newest, revision, isClean }: Segment): SealedSegment => ({
  base,
  next,
  bytes: size,
  newest,
  revision,
  isClean,
});
