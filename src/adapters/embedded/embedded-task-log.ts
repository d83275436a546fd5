import { OpenBatches } from '../../runtime/open-batches.ts';
import { writePayload, type Payload, type RecordHeader } from '../../records/batch.ts';
import { decodeValue, encodeShared } from '../../runtime/codec.ts';
import type { AppendRecord, CommitObserver, FetchTarget, Position, Reading, TaskLog } from '../../runtime/ports/log.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const fetchBytes = 1 << 20;

/**
 * One query's view of the embedded log. Records are buffered until the commit, which writes them, the positions and the state
 * atomically; the state needs no restore.
 */
export class EmbeddedTaskLog implements TaskLog {
  readonly #log: EmbeddedLog;
  readonly #backend: StateBackend;
  readonly #query: string;
  readonly #open = new OpenBatches();
  /** Always 0: nothing is sent before the commit. */
  readonly unsent = 0;
  readonly stateEntryBytes = Infinity;

  constructor(log: EmbeddedLog, backend: StateBackend, query: string) {
    this.#log = log;
    this.#backend = backend;
    this.#query = query;
  }

  partitions(topic: string): number {
    return this.#log.info(topic)?.partitions ?? 0;
  }
  bound({ topic, partition }: Reading, side: 'beginning' | 'end'): Promise<number> {
    const partitionLog = this.#log.partition(topic, partition);
    return Promise.resolve((side === 'beginning' ? partitionLog?.start : partitionLog?.committed) ?? 0);
  }
  fetch(inputs: readonly FetchTarget[]): void {
    for (const input of inputs) {
      if (!input.isEmpty) continue;
      const partitionLog = this.#log.partition(input.topic, input.partition);
      if (partitionLog === undefined) continue;
      input.skipTo(partitionLog.start);
      const batches = partitionLog.read(input.fetched, fetchBytes);
      input.add(batches);
      // Compaction may have removed what is before the end.
      if (batches.length === 0) input.fetched = Math.max(input.fetched, partitionLog.committed);
    }
  }
  end({ topic, partition }: FetchTarget): number {
    return this.#log.partition(topic, partition)?.committed ?? 0;
  }

  internalTopic(stepId: string): string {
    throw new InternalError(`the rows of step ${stepId} go on in memory`);
  }
  /** Waits for the outcome of a failed commit, because the positions depend on it. */
  async takeOver(): Promise<void> {
    this.#log.owners.set(this.#query, this);
    await this.#log.ready();
  }
  committed(readings: readonly Reading[]): Promise<readonly (number | undefined)[]> {
    const stored = this.#backend.getMany(readings.map((reading) => this.#positionKey(reading)));
    return Promise.resolve(stored.map((bytes) => bytes && (decodeValue(bytes) as number)));
  }
  restore(): Promise<number> {
    return Promise.resolve(0);
  }

  #positionKey({ topic, partition, reader }: Reading): Buffer {
    return Buffer.from(['o', this.#query, topic, partition, ...(reader === 0 ? [] : [reader])].join('/'));
  }

  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void {
    this.appender(topic)(partition, timestamp, key, writePayload, value, headers);
  }
  appender(topic: string): AppendRecord {
    return this.#open.appender(topic);
  }
  send(): Promise<void> {
    return Promise.resolve();
  }

  stateWriter(batch: StateBatch): StateWriter {
    return batch;
  }
  async commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void> {
    if (this.#log.owners.get(this.#query) !== this)
      throw new InternalError(`query ${this.#query} was taken over by another task`);
    for (const position of positions) state.put(this.#positionKey(position), encodeShared(position.offset));
    await this.#log.confirm(() => this.#log.commit({ appends: this.#open.finish(), state }, observe));
  }

  /** Deletes the query's committed positions. */
  forget(): void {
    this.#log.owners.delete(this.#query);
    const prefix = positionsPrefix(this.#query);
    this.#backend.deleteRange(prefix, after(prefix));
  }
}

/** What the keys of a query's committed positions begin with. */
export const positionsPrefix = (query: string): Buffer => Buffer.from(`o/${query}/`);
