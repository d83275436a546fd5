import type { SqlError } from '../../diagnostics/sql-error.ts';
import { requireVersion } from '../../diagnostics/version.ts';
import { decodeValue, encodeShared } from '../../runtime/codec.ts';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';
import type { TopicSettings } from '../../runtime/ports/node.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import type { LogEnd, SealedSegment } from './partition-log.ts';
import { damaged } from './segment.ts';

/** How the log is kept, by the names that Kafka's brokers have for it. */
export interface LogSettings {
  /** Whether topics are compacted whose policy says so. */
  readonly isCleaned: boolean;
  /** The size at which a segment is full, and the time since its first append. */
  readonly segmentBytes: number;
  readonly rollMs: number;
  /** The memory for the keys of one pass. */
  readonly bufferBytes: number;
  /** Which part of a partition must have been written since the last compaction. */
  readonly minRatio: number;
  /** How long tombstones stay, and all records, where a topic says nothing itself. */
  readonly deleteRetentionMs: number;
  readonly minLagMs: number;
  /** How long nothing is looked for when nothing is to be compacted. */
  readonly backoffMs: number;
}
/** What a server takes that sets nothing. */
export const logDefaults: LogSettings = {
  isCleaned: true,
  segmentBytes: 64 << 20,
  rollMs: 7 * 86_400_000,
  bufferBytes: 16 << 20,
  minRatio: 0.5,
  deleteRetentionMs: 86_400_000,
  minLagMs: 0,
  backoffMs: 15_000,
};

/** What a topic keeps and how: Infinity for all and for ever. */
export interface TopicRules {
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly isCompacted: boolean;
  /** For how long after its append a record stays, whatever comes. */
  readonly lagMs: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

const defaultRetentionMs = 7 * 86_400_000;
const leastSegment = 1 << 14;
/** Of the retention, which removes whole segments, a segment takes at most this part. */
const retentionPart = 8;
/** Of a topic that is compacted, the last segment holds what never is. */
const compactedSegment = 16 << 20;

/**
 * The rules of a topic's policy. One that was made when everything was kept keeps each record as long as a topic that is not
 * compacted does: who reads it may count on what it has.
 */
export function rulesOf({ config }: TopicSettings, isOld: boolean, settings: LogSettings): TopicRules {
  const policy = config['cleanup.policy'] ?? 'delete';
  const isCompacted = policy.includes('compact');
  const limit = (value: number): number => (value < 0 || !policy.includes('delete') ? Infinity : value);
  const retentionMs = limit(Number(config['retention.ms'] ?? defaultRetentionMs));
  const retentionBytes = limit(Number(config['retention.bytes'] ?? -1));
  const full = isCompacted ? Math.min(compactedSegment, settings.segmentBytes) : settings.segmentBytes;
  const lag = config['min.compaction.lag.ms'];
  return {
    retentionMs,
    retentionBytes,
    isCompacted,
    lagMs: lag === undefined ? Math.max(settings.minLagMs, isOld ? defaultRetentionMs : 0) : Number(lag),
    segmentBytes: Math.min(full, Math.max(leastSegment, retentionBytes / retentionPart)),
    segmentMs: Math.min(retentionMs / retentionPart, isCompacted ? settings.rollMs : Infinity),
  };
}

const topicPrefix = Buffer.from('t/');
/** The form of a topic's entry since there is compaction. */
const topicForm = 2;
export function putTopic(batch: StateBatch, name: string, { partitions, config }: TopicSettings): void {
  batch.put(topicKey(name), encodeShared([partitions, new Map(Object.entries(config)), topicForm]));
}
export const topicKey = (name: string): Buffer => Buffer.from(`t/${name}`);
/** All topics of a database; `isOld` of those that were made when nothing was compacted. */
export function* topicsIn(
  backend: StateBackend,
): Iterable<{ readonly name: string; readonly settings: TopicSettings; readonly isOld: boolean }> {
  for (const [key, value] of backend.range(topicPrefix, after(topicPrefix))) {
    const [partitions, config, form] = decodeValue(value) as [number, Map<string, string>, number?];
    const name = key.utf8Slice(topicPrefix.length, key.length);
    const settings = { partitions, replicas: 1, config: Object.fromEntries(config) };
    yield { name, settings, isOld: form === undefined };
  }
}

const versionKey = Buffer.from('version');
/**
 * The version of everything in the folder but query state: segments, topics and their ends, positions. 0.1.0 wrote none; that
 * is version 1. Where segments were compacted it is 2.
 */
const folderVersions = { plain: 1, compacted: 2 } as const;

/** Refuses a folder of another version, before anything else is read. */
export function readFolderVersion(backend: StateBackend, sync: boolean): void {
  const stored = backend.getMany([versionKey])[0];
  if (stored === undefined) {
    const batch = backend.batch();
    batch.put(versionKey, Buffer.from(String(folderVersions.plain)));
    batch.write(sync);
  } else if (Number(stored.toString()) !== folderVersions.plain)
    requireVersion('the state folder', Number(stored.toString()), folderVersions.compacted);
}

const numberKey = Buffer.from('number');
export function putNumber(batch: StateBatch, number: number): void {
  batch.put(numberKey, encodeShared(number));
}
/** The number of the last commit that a database holds; 0 for none, and for a folder of 0.1.0. */
export function commitNumber(backend: StateBackend): number {
  const stored = backend.getMany([numberKey])[0];
  return stored === undefined ? 0 : (decodeValue(stored) as number);
}
/** The error of a database that has lost commits. */
export const lostCommits = (what: string, found: number, made: number): SqlError =>
  damaged(`${what} ends at commit ${found} where ${made} were made: what is between them is missing or damaged`);

export const endKey = (topic: string, partition: number): Buffer => Buffer.from(`e/${topic}/${partition}`);
/** In the shared buffer of the codec. */
export const encodeEnd = ({ next, segment, bytes, newest, began }: LogEnd): Buffer =>
  encodeShared([next, segment, bytes, newest, began]);
export function decodeEnd(stored: Buffer): LogEnd {
  const [next, segment, bytes, newest, began] = decodeValue(stored) as [number, number, number, number?, number?];
  return { next, segment, bytes, newest, began };
}

export const segmentPrefix = (topic: string, partition: number): Buffer => Buffer.from(`g/${topic}/${partition}/`);
export const segmentKey = (topic: string, partition: number, base: number): Buffer =>
  Buffer.from(`g/${topic}/${partition}/${String(base).padStart(20, '0')}`);
export function putSealed(batch: StateBatch, topic: string, partition: number, sealed: SealedSegment): void {
  const { base, next, bytes, newest, revision, isClean } = sealed;
  const compacted = revision === 0 ? [] : [revision, isClean];
  batch.put(segmentKey(topic, partition, base), encodeShared([next, bytes, newest, ...compacted]));
}
export function decodeSealed(key: Buffer, value: Buffer): SealedSegment {
  const [next, bytes, newest, revision = 0, isClean = false] = decodeValue(value) as Stored;
  return { base: Number(key.latin1Slice(key.length - 20, key.length)), next, bytes, newest, revision, isClean };
}
type Stored = [next: number, bytes: number, newest: number, revision?: number, isClean?: boolean];
/** Names compacted segments in the place of others. A folder that has some is no longer read by who knows none. */
export function putCompacted(
  batch: StateBatch,
  [topic, partition]: readonly [string, number],
  segments: readonly { readonly base: number }[],
  by: readonly SealedSegment[],
): void {
  for (const { base } of segments) batch.delete(segmentKey(topic, partition, base));
  for (const sealed of by) putSealed(batch, topic, partition, sealed);
  batch.put(versionKey, Buffer.from(String(folderVersions.compacted)));
}
