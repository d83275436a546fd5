import { OpenBatches } from '../../runtime/open-batches.ts';
import { writePayload, type Payload, type RecordHeader } from '../../records/batch.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import type { AppendRecord, CommitObserver, FetchTarget, Position, Reading, TaskLog } from '../../runtime/ports/log.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const fetchBytes = 1 << 20;

/**
 * The embedded log as one query uses it. Records wait in memory until the commit, which writes them, the positions and the state
 * at once; the state needs no restoring.
 */
export class EmbeddedTaskLog implements TaskLog {
  readonly #log: EmbeddedLog;
  readonly #backend: StateBackend;
  readonly #query: string;
  readonly #open = new OpenBatches();
  /** Sending is for logs that are elsewhere. */
  readonly unsent = 0;

  constructor(log: EmbeddedLog, backend: StateBackend, query: string) {
    this.#log = log;
    this.#backend = backend;
    this.#query = query;
  }

  partitions(topic: string): number {
    return this.#log.info(topic)?.partitions ?? 0;
  }
  bound({ topic, partition }: Reading, side: 'beginning' | 'end'): Promise<number> {
    const found = this.#log.partition(topic, partition);
    return Promise.resolve((side === 'beginning' ? found?.start : found?.committed) ?? 0);
  }
  fetch(inputs: readonly FetchTarget[]): void {
    for (const input of inputs) {
      if (!input.isEmpty) continue;
      const found = this.#log.partition(input.topic, input.partition);
      if (found === undefined) continue;
      input.skipTo(found.start);
      input.add(found.read(input.fetched, fetchBytes));
    }
  }
  end({ topic, partition }: FetchTarget): number {
    return this.#log.partition(topic, partition)?.committed ?? 0;
  }

  internalTopic(stepId: string): string {
    throw new InternalError(`the rows of step ${stepId} go on in memory`);
  }
  takeOver(): Promise<void> {
    this.#log.owners.set(this.#query, this);
    return Promise.resolve();
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
  commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void> {
    if (this.#log.owners.get(this.#query) !== this)
      throw new InternalError(`query ${this.#query} was taken over by another task`);
    for (const position of positions) state.put(this.#positionKey(position), encodeValue(position.offset));
    this.#log.commit({ appends: this.#open.finish(), state }, observe);
    return Promise.resolve();
  }

  /** Deletes the query's positions. */
  forget(): void {
    const prefix = Buffer.from(`o/${this.#query}/`);
    this.#backend.deleteRange(prefix, after(prefix));
  }
}
