import type { Payload, RecordHeader, WritePayload } from '../../records/batch.ts';
import type { Lease } from '../../util/lease.ts';
import type { StateBatch, StateWriter } from './state-backend.ts';

/** A partition as one reader of a query reads it. Sources that read the same topic are its readers 0, 1 and so on. */
export interface Reading {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
}
/** The position of a reader: the next offset that it reads. */
export interface Position extends Reading {
  readonly offset: number;
}

/**
 * The steps of a commit: it has begun; all records are sent but not yet visible to readers; the log shows them; the local state
 * is stored too.
 */
export type CommitStep = 'begun' | 'sent' | 'ended' | 'stored';
/** Called at each step of a commit; crash tests end the process in it. */
export type CommitObserver = (step: CommitStep) => void;

/** The target of fetched batches of one partition. */
export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
  /** The next offset to fetch. */
  fetched: number;
  /** The end offset of the partition at the last fetch; Infinity before the first. */
  knownEnd: number;
  /** The number of bytes that are fetched but not read. */
  readonly buffered: number;
  readonly isEmpty: boolean;
  /** Adds uncompressed batches in order; the lease is held until the last of them has been read. */
  add(batches: readonly Buffer[], lease?: Lease): void;
  /** Continues at the partition's first offset, because retention has deleted the records before it. */
  skipTo(first: number): void;
  /** Begins at the first offset of a partition that has fewer records than were fetched, because its topic is a new one. */
  beginAgain(first: number): void;
}

/**
 * Appends a record whose value `write` puts straight into its batch. When `write` throws, or the topic takes no record of its size
 * (`RecordRefused`), nothing is appended.
 */
export type AppendRecord = <T>(
  partition: number,
  timestamp: number,
  key: Payload,
  write: WritePayload<T>,
  from: T,
  headers?: readonly RecordHeader[],
) => void;

/** A log as seen by the inputs of one task. */
export interface InputLog {
  /** The number of partitions of a topic; 0 when it does not exist. */
  partitions(topic: string): number;
  /** The first offset of a reader's partition, or its end offset (of committed records). */
  bound(reading: Reading, side: 'beginning' | 'end'): Promise<number>;
  /**
   * Adds available batches to inputs, without waiting. A log that fetches for many tasks in the background does nothing here.
   */
  fetch(inputs: readonly FetchTarget[]): void;
  /** The known end offset of an input's partition; Infinity while it is unknown. */
  end(input: FetchTarget): number;
}

/**
 * A log as one task writes it. At `commit`, appended records become visible together with the positions of the inputs, or not
 * at all. Every method may throw an error of the log: the task is then closed, its caches are discarded, and it starts again.
 */
export interface TaskLog extends InputLog {
  /** The internal topic of a repartition step. */
  internalTopic(stepId: string): string;
  /**
   * Makes the caller the owner of the task: the previous owner can commit no more, and its open transaction is aborted.
   * Positions and state read afterwards are those of the last commit.
   */
  takeOver(topics: readonly string[]): Promise<void>;
  /** The committed positions of readers; undefined where there is none. */
  committed(readings: readonly Reading[]): Promise<readonly (number | undefined)[]>;
  /** Restores the local state to the last commit; returns the number of changelog records that were read. */
  restore(): Promise<number>;

  /** Makes a topic known that was not told at `takeOver`, before records are appended to it; for a log that must be told. */
  openTopic?(topic: string): Promise<void>;
  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void;
  /** A function that appends to one topic; faster than `append` for many records. */
  appender(topic: string): AppendRecord;
  /** The approximate number of bytes appended since the last `send`. */
  readonly unsent: number;
  /** Begins to send appended records; waits only when too many are in flight. */
  send(): Promise<void>;

  /** The maximum size of the record that a changed entry of state makes; Infinity where there is no limit. */
  readonly stateEntryBytes: number;
  /** Wraps a commit's state batch, so that changes of state also go to the changelog where there is one. */
  stateWriter(batch: StateBatch): StateWriter;
  /** Commits the appended records, the positions and the batch of state atomically. */
  commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void>;
}
