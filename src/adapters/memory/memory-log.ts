import { OpenBatches } from '../../runtime/open-batches.ts';
import { readBatchInfo, setBaseOffset, writePayload, type Payload, type RecordHeader } from '../../records/batch.ts';
import type { AppendRecord, CommitObserver, FetchTarget, Position, Reading, TaskLog } from '../../runtime/ports/log.ts';
import type { TopicRecord } from '../../runtime/ports/node.ts';
import type { StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import { InternalError } from '../../util/internal-error.ts';

interface StoredBatch {
  readonly next: number;
  readonly bytes: Buffer;
}

/** A partition with its committed batches in order. */
class MemoryPartition {
  #batches: StoredBatch[] = [];
  start = 0;
  end = 0;

  append(batch: Buffer): void {
    const { count } = readBatchInfo(batch, 0, batch.length)!;
    setBaseOffset(batch, 0, this.end);
    this.end += count;
    this.#batches.push({ next: this.end, bytes: batch });
  }
  /** The batches from the one that contains `offset` on. */
  read(offset: number): Buffer[] {
    const first = this.#batches.findLastIndex(({ next }) => next <= offset) + 1;
    return this.#batches.slice(first).map(({ bytes }) => bytes);
  }
  /** Removes whole batches before an offset, as retention does. */
  trim(offset: number): void {
    const kept = this.#batches.findIndex(({ next }) => next > offset);
    const gone = this.#batches.splice(0, kept < 0 ? this.#batches.length : kept);
    this.start = gone.at(-1)?.next ?? this.start;
  }
}

/** Topics, positions and task owners in memory, for tests and for runs that persist nothing. */
export class MemoryLog {
  readonly #topics = new Map<string, readonly MemoryPartition[]>();
  /** The committed positions of each task. */
  readonly positions = new Map<string, number>();
  /** The current owner of each task, the only one that may commit: the last one to call `takeOver`. */
  readonly owners = new Map<string, object>();

  create(topic: string, partitions: number): void {
    if (this.#topics.has(topic)) return;
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => new MemoryPartition()),
    );
  }
  delete(topic: string): void {
    this.#topics.delete(topic);
  }
  partitions(topic: string): readonly MemoryPartition[] {
    return this.#topics.get(topic) ?? [];
  }
  /** The records of a partition. */
  records(topic: string, partition = 0): TopicRecord[] {
    const log = this.partitions(topic)[partition];
    return log === undefined ? [] : [...recordsIn(log.read(log.start), partition, log.start)];
  }
  /** The view of this log for the task with this name. */
  open(task: string): MemoryTaskLog {
    return new MemoryTaskLog(this, task);
  }
}

/** A task's log. A commit is one synchronous call, so appends, positions and state become visible together. */
export class MemoryTaskLog implements TaskLog {
  readonly #log: MemoryLog;
  readonly #task: string;
  readonly #open = new OpenBatches(1 << 12);
  readonly unsent = 0;
  readonly stateEntryBytes = Infinity;

  constructor(log: MemoryLog, task: string) {
    this.#log = log;
    this.#task = task;
  }

  partitions(topic: string): number {
    return this.#log.partitions(topic).length;
  }
  bound({ topic, partition }: Reading, side: 'beginning' | 'end'): Promise<number> {
    const target = this.#log.partitions(topic)[partition];
    return Promise.resolve((side === 'beginning' ? target?.start : target?.end) ?? 0);
  }
  fetch(inputs: readonly FetchTarget[]): void {
    for (const input of inputs) {
      const source = this.#log.partitions(input.topic)[input.partition];
      if (source === undefined || !input.isEmpty) continue;
      input.skipTo(source.start);
      input.add(source.read(input.fetched));
    }
  }
  end({ topic, partition }: FetchTarget): number {
    return this.#log.partitions(topic)[partition]?.end ?? 0;
  }

  internalTopic(stepId: string): string {
    return `${this.#task.split('/')[0]!}-${stepId}`;
  }
  takeOver(): Promise<void> {
    this.#log.owners.set(this.#task, this);
    return Promise.resolve();
  }
  committed(readings: readonly Reading[]): Promise<readonly (number | undefined)[]> {
    return Promise.resolve(readings.map((reading) => this.#log.positions.get(this.#positionOf(reading))));
  }
  restore(): Promise<number> {
    return Promise.resolve(0);
  }
  #positionOf({ topic, partition, reader }: Reading): string {
    return [this.#task, topic, partition, reader].join('/');
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
    if (this.#log.owners.get(this.#task) !== this)
      throw new InternalError(`task ${this.#task} was taken over by another`);
    observe('sent');
    for (const { topic, partition, batch } of this.#open.finish())
      this.#log.partitions(topic)[partition]?.append(batch);
    for (const position of positions) this.#log.positions.set(this.#positionOf(position), position.offset);
    state.write(false);
    observe('ended');
    observe('stored');
    return Promise.resolve();
  }
}
