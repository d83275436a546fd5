import type { Lease } from '../../util/lease.ts';
import { batchHeader, checkCrc, isControl, isTransactional, readBatchInfo } from '../../records/batch.ts';
import { recordsOf } from '../../records/compression.ts';

export interface FetchWant {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** Committed records only, as uncompressed batches. */
  readonly batches: Buffer[];
  /** The offset of the next fetch, after control batches too. */
  readonly next: number;
  readonly highWatermark: number;
  readonly outOfRange: boolean;
  /** Why there is nothing: the partition does not exist, or must not be read. */
  readonly trouble?: string;
  /** Whether that is a right that this node lacks. */
  readonly isForbidden?: boolean;
  /** The memory of the batches. */
  readonly lease: Lease;
}

const outOfRange = 1;

export interface Produced {
  readonly error: number;
  /** The offset of the batch's first record. */
  readonly offset: number;
}
/** What a produce response of version 7 says of each partition. */
export function producedTo(raw: Buffer): Map<string, Produced> {
  const produced = new Map<string, Produced>();
  eachPartition(raw, 0, (topic, p) => {
    const answer = { error: raw.readInt16BE(p + 4), offset: Number(raw.readBigInt64BE(p + 6)) };
    produced.set(`${topic}/${raw.readInt32BE(p)}`, answer);
    return p + 4 + 2 + 8 + 8 + 8;
  });
  return produced;
}

/** Visits the partitions of a response's topics; the visitor gets the start of each and returns its end. */
function eachPartition(raw: Buffer, start: number, visit: (topic: string, at: number) => number): void {
  let p = start + 4;
  for (let topics = raw.readInt32BE(start); topics > 0; topics--) {
    const length = raw.readInt16BE(p);
    const topic = raw.utf8Slice(p + 2, p + 2 + length);
    p += 2 + length;
    const partitions = raw.readInt32BE(p);
    p += 4;
    for (let i = 0; i < partitions; i++) p = visit(topic, p);
  }
}

/** Parses a fetch response of version 11; drops control batches and those of aborted transactions. */
export function parseFetch(
  raw: Buffer,
  wants: readonly FetchWant[],
  lease: Lease,
): Promise<Fetched & { error: number }>[] {
  const results: Promise<Fetched & { error: number }>[] = [];
  eachPartition(raw, 4 + 2 + 4, (topic, at) => {
    const partition = raw.readInt32BE(at);
    const error = raw.readInt16BE(at + 4);
    const highWatermark = Number(raw.readBigInt64BE(at + 6));
    let p = at + 4 + 2 + 24;
    const aborted: { id: bigint; first: number }[] = [];
    let count = raw.readInt32BE(p);
    p += 4;
    for (; count > 0; count--, p += 16)
      aborted.push({ id: raw.readBigInt64BE(p), first: Number(raw.readBigInt64BE(p + 8)) });
    p += 4;
    const start = p + 4;
    const end = start + Math.max(0, raw.readInt32BE(p));
    const want = wants.find((candidate) => candidate.topic === topic && candidate.partition === partition)!;
    lease.hold();
    results.push(
      committedBatches(raw, start, end, want.offset, aborted).then(({ batches, next }) => ({
        topic,
        partition,
        batches,
        next,
        highWatermark,
        outOfRange: error === outOfRange,
        error,
        lease,
      })),
    );
    return end;
  });
  lease.release();
  return results;
}

async function committedBatches(
  raw: Buffer,
  start: number,
  end: number,
  from: number,
  aborted: { id: bigint; first: number }[],
): Promise<{ batches: Buffer[]; next: number }> {
  const batches: Buffer[] = [];
  const active = new Set<bigint>();
  const waiting = [...aborted].sort((a, b) => a.first - b.first);
  let next = from;
  for (let at = start; ;) {
    const info = readBatchInfo(raw, at, end);
    if (info === undefined) return { batches, next };
    at = info.end;
    while (waiting.length > 0 && waiting[0]!.first <= info.lastOffset) active.add(waiting.shift()!.id);
    if (info.lastOffset < from) continue;
    next = info.lastOffset + 1;
    checkCrc(raw, info);
    if (isControl(info)) {
      // An abort marker ends the aborted transaction's batches; commit markers need nothing.
      active.delete(info.producerId);
      continue;
    }
    if (isTransactional(info) && active.has(info.producerId)) continue;
    const { bytes, start: records } = await recordsOf(raw, info);
    if (bytes === raw) batches.push(raw.subarray(info.start, info.end));
    else batches.push(uncompressed(raw, info.start, bytes, records));
  }
}

/** A compressed batch with its records decompressed. */
function uncompressed(raw: Buffer, start: number, bytes: Buffer, records: number): Buffer {
  const whole = Buffer.concat([raw.subarray(start, start + batchHeader), bytes.subarray(records)]);
  whole.writeInt32BE(whole.length - 12, 8);
  whole.writeInt16BE(whole.readInt16BE(21) & ~7, 21);
  return whole;
}
