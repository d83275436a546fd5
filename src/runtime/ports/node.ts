import type { Row } from '../../types/sql-type.ts';
import type { PhysicalPlan } from '../../plan/physical/step.ts';
import type { RecordHeader } from '../../records/batch.ts';
import type { Lease } from '../../util/lease.ts';
import type { Change } from '../change.ts';

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
}
export interface TopicSettings {
  readonly partitions: number;
  readonly replicas: number | undefined;
  /** Kafka's names: `cleanup.policy`, `retention.ms`. */
  readonly config: Readonly<Record<string, string>>;
}

/** A record to write; a null partition is chosen by Kafka's partitioner. */
export interface ProducedRecord {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly timestamp: number;
  readonly partition: number | undefined;
  readonly headers?: readonly RecordHeader[];
}
/** A record that was read; its bytes are its own. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export type QueryState = 'RUNNING' | 'PAUSED' | 'ERROR' | 'REBALANCING' | 'UNRESPONSIVE';
export interface QueryStatus {
  readonly state: QueryState;
  readonly error: string | undefined;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly errors: number;
  /** Records at the end of the inputs that were not processed yet. */
  readonly lag: number;
  readonly stateBytes: number;
  /** Parts of the query that run on this node: one a sub-topology and partition. */
  readonly tasks: number;
  /** Records that were read from changelogs to restore the state of this node's tasks. */
  readonly restored: number;
}

/** What a node tells after a micro-batch, or after several: `seconds` is the mean of one. */
export interface BatchReport {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly seconds: number;
  readonly commits: number;
}

/** A persistent query as a node runs it. */
export interface RunnableQuery {
  readonly id: string;
  readonly plan: PhysicalPlan;
  readonly properties: Readonly<Record<string, string>>;
  readonly paused: boolean;
}

/** What a reader has fetched of one partition: uncompressed batches, and where the next fetch goes on. */
export interface FetchedPartition {
  readonly partition: number;
  readonly batches: readonly Buffer[];
  readonly next: number;
  /** The memory of the batches; whoever is done with them releases it. */
  readonly lease: Lease | undefined;
}

/** Reads a topic's records in order by partition, waiting at its end: one by one or as they are stored, but not both. */
export interface TopicReader {
  /** The next offset of each partition. */
  readonly positions: readonly number[];
  /** The end of a partition as far as it is known. */
  end(partition: number): number;
  /** The next batches, or none after `waitMs`. */
  fetch(waitMs: number): Promise<readonly FetchedPartition[]>;
  /** The next records, or none after `waitMs`. */
  poll(maximum: number, waitMs: number): Promise<readonly TopicRecord[]>;
  /** Whether everything that was there when the reader was opened has been given. */
  readonly caughtUp: boolean;
  close(): void;
}

/** The log of statements that made the catalogue: every node applies it in order. */
export interface CommandLog {
  /** Appends a command after the one with this number; fails when another was appended meanwhile. Gives its number. */
  append(command: string, after: number): Promise<number>;
  /** The commands behind this number, with theirs. */
  readAfter(number: number): Promise<readonly { readonly number: number; readonly command: string }[]>;
}

/**
 * Where queries run and topics live: the embedded node, or a member of a Kafka cluster. The engine decides what runs, the node
 * runs it. Its methods throw `SqlError` for what a user can mend.
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
  /** Stops a query; with `forget` its state and offsets are deleted too. */
  stopQuery(id: string, forget: boolean): Promise<void>;
  setPaused(id: string, paused: boolean): Promise<void>;
  status(id: string): QueryStatus | undefined;
  /** The rows that a query's result holds, all or of one key; undefined when it holds no table. */
  pull(id: string, key: Row | undefined): Promise<readonly Change[] | undefined>;
  isHealthy(): boolean;
  close(): Promise<void>;
}
