import type { Payload, RecordHeader, WritePayload } from '../../records/batch.ts';
import type { Lease } from '../../util/lease.ts';
import type { StateBatch, StateWriter } from './state-backend.ts';

/** A reader's place in the log: sources of one query that read the same topic are its readers 0, 1 and so on. */
export interface Reading {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
}
/** How far a reader has come: the next offset that it takes. */
export interface Position extends Reading {
  readonly offset: number;
}

/**
 * What has just happened in a commit: it begins, everything that it writes to the log is there and not yet seen by readers, the
 * log shows it, and the local state is written too.
 */
export type CommitStep = 'begun' | 'sent' | 'ended' | 'stored';
/** Is told of each step of a commit: tests of crashes make the process die in it. */
export type CommitObserver = (step: CommitStep) => void;

/** What a log gives the batches of one partition to. */
export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
  /** The next offset to fetch. */
  fetched: number;
  /** The end of the partition when it was last fetched; Infinity before that. */
  knownEnd: number;
  /** How many bytes wait to be read. */
  readonly buffered: number;
  readonly isEmpty: boolean;
  /** Adds uncompressed batches in order; their memory is held until the last of them has been read. */
  add(batches: readonly Buffer[], lease?: Lease): void;
  /** Goes on where the partition begins by now: what is before that is gone. */
  skipTo(first: number): void;
}

/** Appends a record whose value is written straight into its batch. When `write` throws, nothing was appended. */
export type AppendRecord = <T>(
  partition: number,
  timestamp: number,
  key: Payload,
  write: WritePayload<T>,
  from: T,
  headers?: readonly RecordHeader[],
) => void;

/** A log as one task reads it. */
export interface InputLog {
  /** How many partitions a topic has; 0 when it does not exist. */
  partitions(topic: string): number;
  /** Where a reader's partition begins, or where it ends for those who read it. */
  bound(reading: Reading, side: 'beginning' | 'end'): Promise<number>;
  /**
   * Gives inputs what is there for them, without waiting. A log that fetches for many tasks at once gives it as it comes instead;
   * then there is nothing to do here.
   */
  fetch(inputs: readonly FetchTarget[]): void;
  /** The end of an input's partition as far as it is known; Infinity before anything is. */
  end(input: FetchTarget): number;
}

/**
 * A log as one task writes it: what is appended is seen by readers after `commit`, together with the positions of the inputs, or
 * never. Errors of the log throw from any of its methods; the task is then given up with its caches and starts again.
 */
export interface TaskLog extends InputLog {
  /** The topic between two sub-topologies: of the rows that the repartition with this id passes on. */
  internalTopic(stepId: string): string;
  /**
   * Makes this the owner of the task, for the topics that it reads and writes: who had it before can commit no more, and what that
   * one left open is dropped. Positions and state that are asked for afterwards are those of the last commit.
   */
  takeOver(topics: readonly string[]): Promise<void>;
  /** The committed position of each reader; undefined where there is none. */
  committed(readings: readonly Reading[]): Promise<readonly (number | undefined)[]>;
  /** Brings the local state to where the last commit left it; gives how many records were read for that. */
  restore(): Promise<number>;

  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void;
  /** What appends to one topic, for whoever writes many records to it. */
  appender(topic: string): AppendRecord;
  /** About how many bytes were appended since the last `send`. */
  readonly unsent: number;
  /** Sends what was appended on its way; waits only while the log is far behind. */
  send(): Promise<void>;

  /** Where a commit's changes of state go: into its batch, and to wherever else the log keeps them. */
  stateWriter(batch: StateBatch): StateWriter;
  /** Ends a commit: what was appended, the positions and the batch of state, all or nothing. */
  commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void>;
}
