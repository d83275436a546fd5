import type { Row } from '../../types/sql-type.ts';
import type { ErasedSpec } from '../../specs/erasure.ts';
import type { PhysicalPlan } from '../../plan/physical/step.ts';
import type { RecordHeader } from '../../records/batch.ts';
import type { Lease } from '../../util/lease.ts';
import type { Place } from '../task/attempt.ts';
import type { Change } from '../change.ts';
import type { WantedNearest } from '../nearest/nearest-rows.ts';
import type { EventCounts } from './counted-events.ts';

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
}
export interface TopicSettings {
  readonly partitions: number;
  readonly replicas: number | undefined;
  /** By Kafka's names, such as `cleanup.policy` and `retention.ms`. */
  readonly config: Readonly<Record<string, string>>;
}

/** A record to write; for a null partition, Kafka's partitioner chooses. */
export interface ProducedRecord {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly timestamp: number;
  readonly partition: number | undefined;
  readonly headers?: readonly RecordHeader[];
}
/** A record that was read; its bytes are copies. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export const queryStates = ['RUNNING', 'PAUSED', 'ERROR', 'REBALANCING', 'UNRESPONSIVE'] as const;
export type QueryState = (typeof queryStates)[number];
export interface QueryStatus {
  readonly state: QueryState;
  readonly error: string | undefined;
  /** When the error became known, in milliseconds of the epoch. */
  readonly errorAt: number | undefined;
  /** The record at which it stands in ERROR until it is resumed. */
  readonly stoppedAt?: Place | undefined;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly errors: number;
  /** The number of input records that are not processed yet. */
  readonly lag: number;
  /** Records that retention deleted before they were read. */
  readonly expired?: number;
  /** What was counted that is no failure. */
  readonly events?: EventCounts;
  readonly stateBytes: number;
  /** The number of tasks of the query on this node: one per sub-topology and partition. */
  readonly tasks: number;
  /** The number of changelog records read to restore the state of this node's tasks. */
  readonly restored: number;
  /** Tasks that other nodes run and whose state this node keeps too. */
  readonly standbys?: number;
}

/** A node's report after one or more micro-batches; `seconds` is the mean duration of one. */
export interface BatchReport {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly seconds: number;
  readonly commits: number;
}

/** What a node that keeps topics itself has to compact, and what it has compacted since its start. */
export interface LogCleaning {
  /** Bytes that may be compacted and have not been. */
  readonly cleanableBytes: number;
  /** Bytes that will be, and are kept for queries that have still to read them, or for the time that the topic says. */
  readonly heldBytes: number;
  readonly reclaimedBytes: number;
  readonly failures: number;
}

/** A persistent query in the form that nodes run. */
export interface RunnableQuery {
  readonly id: string;
  readonly plan: PhysicalPlan;
  readonly properties: Readonly<Record<string, string>>;
  readonly paused: boolean;
  /** Where streams without a committed position begin with `latest`. */
  readonly start?: StartPositions | undefined;
  /** The entities that it must not have any more. */
  readonly erased?: ErasedSpec | undefined;
}

/** The first offset of each partition to read, by topic. A partition that was added later is read from its beginning. */
export type StartPositions = Readonly<Record<string, readonly number[]>>;

/** Batches fetched from one partition, uncompressed, and the offset of the next fetch. */
export interface FetchedPartition {
  readonly partition: number;
  readonly batches: readonly Buffer[];
  readonly next: number;
  /** The memory of the batches; the reader releases it when done. */
  readonly lease: Lease | undefined;
}

/** Reads a topic's records in order by partition and waits at its end: use either `poll` or `fetch`, not both. */
export interface TopicReader {
  /** The next offset of each partition. */
  readonly positions: readonly number[];
  /** The known end offset of a partition. */
  end(partition: number): number;
  /** The next batches; empty after `waitMs`. */
  fetch(waitMs: number): Promise<readonly FetchedPartition[]>;
  /** The next records; empty after `waitMs`. */
  poll(maximum: number, waitMs: number): Promise<readonly TopicRecord[]>;
  /** Whether all records that existed when the reader was opened have been returned. */
  readonly caughtUp: boolean;
  close(): void;
}

export interface NumberedCommand {
  readonly number: number;
  readonly command: string;
}

/** Another node appended a command meanwhile, which this one must see first; nothing was appended. */
export class CommandRaced extends Error {
  override readonly name = 'CommandRaced';
}

/** The log of commands that make up the catalogue; every node applies it in order. */
export interface CommandLog {
  /**
   * Appends a command after the command with number `after`; throws when another one was appended in between. Returns its
   * number.
   */
  append(command: string, after: number): Promise<number>;
  /** The commands after this number. */
  readAfter(number: number): Promise<readonly NumberedCommand[]>;
  /**
   * Puts commands into the place of all up to this number, the last of them with this number, at once or not at all. Absent where
   * the log stays whole.
   */
  readonly replace?: ((upTo: number, by: readonly NumberedCommand[]) => Promise<void>) | undefined;
  /** Calls back when other nodes have appended commands, which `known` then returns. Absent where no other node is. */
  follow?(onCommands: () => void): void;
  /** The commands after this number that were read already. Those up to it are never asked for again. */
  known?(number: number): readonly NumberedCommand[];
}

/** Where a query is in a partition that it reads: the partition's first offset and its end, and the offset that it reads next. */
export interface ReadPosition {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly committed: number;
}
/** A node that runs tasks of a query, or keeps their state for others, by partition number. */
export interface QueryHost {
  readonly host: string;
  readonly partitions: readonly number[];
  readonly standbys: readonly number[];
}
export interface QueryWhereabouts {
  /** The name of its consumer group. */
  readonly group: string;
  readonly positions: readonly ReadPosition[];
  /** Undefined where one node runs all. */
  readonly hosts: readonly QueryHost[] | undefined;
}

/** How rows of a query's result are read. */
export interface ReadMode {
  /** Rows may be left out of a scan that are not wanted. */
  readonly nearest?: WantedNearest | undefined;
  /** Of a feature view: its frames of time are as they are at this time, not as of each entity's last event. */
  readonly at?: number | undefined;
}

/** Rows of a query's result, in batches. */
export interface PulledState extends AsyncIterable<readonly Change[]> {
  /** Whether standby tasks gave some of them, which may be a moment old. */
  readonly fromStandby?: boolean;
}

/** Which partitions of a query's result could not be read, and why. */
export class PartitionsMissing extends Error {
  override readonly name = 'PartitionsMissing';
  readonly missing: { readonly partitions: readonly number[]; readonly why: string };

  constructor(partitions: readonly number[], why: string) {
    super(`partitions ${partitions.join(', ')} cannot be read: ${why}`);
    this.missing = { partitions, why };
  }
}

/**
 * Where topics are stored and queries run: the embedded node, or a member of a Kafka cluster. The engine decides what runs, the
 * node runs it. Methods throw `SqlError` for errors that a user can fix.
 */
export interface Node {
  readonly kind: 'embedded' | 'kafka';
  readonly clusterId: string;
  readonly commands: CommandLog;
  describeTopic(name: string): Promise<TopicInfo | undefined>;
  listTopics(): Promise<readonly TopicInfo[]>;
  createTopic(name: string, settings: TopicSettings): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  produce(topic: string, records: readonly ProducedRecord[]): Promise<void>;
  openReader(topic: string, from: 'beginning' | 'end'): Promise<TopicReader>;
  startQuery(query: RunnableQuery): Promise<void>;
  /** The ends of topics: where a new query with `latest` begins, wherever and whenever its tasks start. Absent on a node of tests. */
  startPositions?(topics: readonly string[]): Promise<StartPositions>;
  /** Stops a query; `forget` also deletes its state and positions. */
  stopQuery(id: string, forget: boolean): Promise<void>;
  /** Deletes what queries have left here that were dropped while the node was away. Called when all that are there have been started. */
  forgetDropped?(): Promise<void>;
  /** Pauses a query or lets it go on: what of it stands in ERROR too, at the same record or `skip` records behind it. */
  setPaused(id: string, paused: boolean, skip?: number): Promise<void>;
  status(id: string): QueryStatus | undefined;
  /** Where a query is in its topics, by what is committed, and which nodes run it; undefined for one that is not here. */
  whereabouts(id: string): Promise<QueryWhereabouts | undefined>;
  /**
   * The rows that a query's result holds, all or of some keys, in batches, on whatever nodes of the cluster they are; undefined
   * when it holds no table. Rejects before the first row when a part of them cannot be read.
   */
  pull(id: string, keys: readonly Row[] | undefined, mode?: ReadMode): Promise<PulledState | undefined>;
  /** Answers another node of the cluster, which shows this node's `token`, from what this one holds itself. */
  answerPeer?(token: string, request: Buffer): AsyncIterable<Buffer>;
  /** What is compacted; undefined while nothing is, and absent where brokers do it. */
  logCleaning?(): Promise<LogCleaning | undefined>;
  isHealthy(): boolean;
  /** Whether every query has its tasks at work here, or tells why not; always so where starting takes no time. */
  isSettled?(): boolean;
  close(): Promise<void>;
}
