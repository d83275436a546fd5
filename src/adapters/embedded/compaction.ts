import { setTimeout as sleep } from 'node:timers/promises';
import { deleteHorizonOf, type RecordCursor } from '../../records/batch.ts';
import { CompactedSegment } from './compacted-segment.ts';
import { KeyOffsets } from './key-offsets.ts';
import type { LogFiles } from './log-files.ts';
import type { PartitionLog, SealedSegment } from './partition-log.ts';
import { SegmentScan } from './segment-scan.ts';
import type { Segment } from './segment.ts';

/** One partition to compact, and what it takes. */
export interface CompactionJob {
  readonly log: PartitionLog;
  /** The segments that may be compacted, from the partition's first one on. */
  readonly segments: readonly Segment[];
  readonly files: LogFiles;
  /** The memory for the keys of one pass. */
  readonly bufferBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly deleteRetentionMs: number;
  readonly now: number;
  readonly hasEnded: () => boolean;
  /** Puts segments into the place of others; `settle` is told whether they are there, which may be later than this fails. */
  readonly replace: (
    segments: readonly Segment[],
    by: readonly SealedSegment[],
    settle: (isReplaced: boolean) => void,
  ) => Promise<void>;
}

/** The compaction was ended, or what it works on has gone: nothing of what it was at stays. */
export class CompactionEnded extends Error {
  override readonly name = 'CompactionEnded';
}

/** The event loop is taken for so long, then what waits has its turn. */
const sliceMs = 0.5;
const restMs = 1;
/** After how many records the time is looked at. */
const stride = 64;

/** The last offset of each key that is below `until`, or behind it. */
interface Latest {
  readonly offsets: KeyOffsets;
  readonly until: number;
}

/**
 * Rewrites the segments of one partition so that of each key only the last record stays, at its offset. Each group of
 * segments is replaced when what takes its place is on the disk; those that follow are as they were until then.
 */
export class Compaction {
  readonly #job: CompactionJob;
  #sliceEnd = 0;
  #count = 0;
  /** The segments that are to be replaced together, what is written for them, and how many records that leaves out. */
  #group: Segment[] = [];
  #out: CompactedSegment | undefined;
  #removed = 0;

  constructor(job: CompactionJob) {
    this.#job = job;
  }

  async run(): Promise<void> {
    const { segments } = this.#job;
    try {
      const latest = await this.#latestIn(segments.filter(({ isClean }) => !isClean));
      for (const segment of segments) if (segment.base < latest.until) await this.#rewrite(segment, latest);
      await this.#finishGroup();
    } finally {
      this.#out?.discard();
    }
  }

  async #latestIn(dirty: readonly Segment[]): Promise<Latest> {
    // A record takes seven bytes at least.
    const most = dirty.reduce((sum, { size }) => sum + size, 0) * 5;
    const offsets = new KeyOffsets(Math.min(this.#job.bufferBytes, most));
    let full: number | undefined;
    for (const segment of dirty) {
      await this.#scan(segment, (cursor) => {
        // The next pass goes on where there is no room. Only a segment that has too many keys by itself is cut in two.
        if (full === undefined && cursor.keyStart >= 0 && !offsets.set(keyOf(cursor), cursor.offset))
          full = segment === dirty[0] ? cursor.offset : segment.base;
        return undefined;
      });
      if (full !== undefined) break;
    }
    return { offsets, until: full ?? dirty.at(-1)?.next ?? 0 };
  }

  async #rewrite(segment: Segment, { offsets, until }: Latest): Promise<void> {
    const { segmentBytes, segmentMs, deleteRetentionMs, now } = this.#job;
    const [first] = this.#group;
    const isTooMuch = (this.#out?.bytes ?? 0) + segment.size > segmentBytes;
    if (first !== undefined && (isTooMuch || segment.newest - first.newest > segmentMs)) await this.#finishGroup();
    this.#check([segment]);
    this.#group.push(segment);
    const out = (this.#out ??= this.#begin(segment.base, segment.revision, true));
    let rest: CompactedSegment | undefined;
    try {
      await this.#scan(segment, (cursor, horizon) => {
        if (cursor.offset >= until)
          return (rest ??= this.#begin(until, segment.revision, false)).add(cursor, undefined);
        const isTombstone = cursor.keyStart >= 0 && cursor.valueStart < 0;
        // A record without a key stands for itself.
        const isLast = cursor.keyStart < 0 || offsets.get(keyOf(cursor)) <= cursor.offset;
        const isExpired = isTombstone && horizon !== undefined && horizon <= now;
        if (isLast && !isExpired)
          return out.add(cursor, isTombstone ? (horizon ?? now + deleteRetentionMs) : undefined);
        this.#removed++;
        return undefined;
      });
    } catch (error) {
      rest?.discard();
      throw error;
    }
    if (rest !== undefined) await this.#finishGroup(rest);
  }
  #begin(base: number, revision: number, isClean: boolean): CompactedSegment {
    const { log, files } = this.#job;
    const place = { base, revision: revision + 1, isClean };
    return new CompactedSegment(place, log.path(place), files);
  }

  /** Replaces the segments of the group; `rest` has what the pass had no memory for. */
  async #finishGroup(rest?: CompactedSegment): Promise<void> {
    const [group, out, removed] = [this.#group, this.#out, this.#removed];
    [this.#group, this.#out, this.#removed] = [[], undefined, 0];
    if (out === undefined) return;
    const outputs = rest === undefined ? [out] : [out, rest];
    const discard = (): void => outputs.forEach((output) => output.discard());
    let isGiven = false;
    try {
      // What is clean and has nothing that goes stays as it is.
      if (removed === 0 && rest === undefined && group.length === 1 && group[0]!.isClean) return;
      const { next: end, newest } = group.at(-1)!;
      const by: SealedSegment[] = [];
      for (const [i, output] of outputs.entries()) {
        await output.finish();
        by.push({ ...output.place, next: outputs[i + 1]?.place.base ?? end, bytes: output.bytes, newest });
      }
      this.#check(group);
      isGiven = true;
      await this.#job.replace(group, by, (isReplaced) => isReplaced || discard());
    } finally {
      if (!isGiven) discard();
    }
  }

  /** Visits each record of a segment, with the time from which on the tombstones of its batch may be removed. */
  async #scan(
    segment: Segment,
    visit: (cursor: RecordCursor, horizon: number | undefined) => Promise<void> | undefined,
  ): Promise<void> {
    const { log, files } = this.#job;
    this.#check([segment]);
    const scan = new SegmentScan(segment, log.path(segment), files);
    const { cursor } = scan;
    try {
      for (let info; (info = await scan.next()) !== undefined;) {
        const horizon = deleteHorizonOf(info);
        while (cursor.next()) {
          if (++this.#count % stride === 0 && performance.now() > this.#sliceEnd) {
            await sleep(restMs);
            this.#check([segment]);
            this.#sliceEnd = performance.now() + sliceMs;
          }
          const written = visit(cursor, horizon);
          if (written !== undefined) await written;
        }
      }
    } finally {
      scan.close();
    }
  }
  #check(segments: readonly Segment[]): void {
    if (this.#job.hasEnded() || !this.#job.log.holds(segments)) throw new CompactionEnded();
  }
}

const keyOf = ({ bytes, keyStart, keyEnd }: RecordCursor): Buffer => bytes.subarray(keyStart, keyEnd);
