import type { Payload, RecordHeader } from '../../records/batch.ts';
import type { AppendRecord, CommitObserver, FetchTarget, Position, Reading, TaskLog } from '../../runtime/ports/log.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { changelogTopic, readerGroup, repartitionTopic, transactionalId } from './names.ts';
import { TaskProducer } from './task-producer.ts';
import { TaskState } from './task-state.ts';
import type { TopicOffset, Wire } from './wire.ts';

/** Which task of which query a log is for, and how it commits. */
export interface TaskLogSpec {
  readonly group: string;
  readonly part: number;
  readonly partition: number;
  readonly exactlyOnce: boolean;
  /** Whether it keeps state, which then has a changelog. */
  readonly hasState: boolean;
}
export interface TaskLogPorts {
  readonly wire: Wire;
  readonly backend: StateBackend;
  /** At least once: the group's offsets are committed by its member, in the main thread. */
  readonly commitOffsets: (group: string, offsets: readonly TopicOffset[]) => Promise<void>;
}

/** Kafka as one task uses it: a producer of its own, the offsets of the query's groups, and a changelog. */
export class KafkaTaskLog implements TaskLog {
  readonly #spec: TaskLogSpec;
  readonly #ports: TaskLogPorts;
  readonly #producer: TaskProducer;
  readonly #state: TaskState;

  constructor(spec: TaskLogSpec, ports: TaskLogPorts) {
    const { group, part, partition, exactlyOnce } = spec;
    this.#spec = spec;
    this.#ports = ports;
    this.#producer = new TaskProducer(ports.wire, exactlyOnce ? transactionalId(group, part, partition) : null);
    this.#state = new TaskState({
      ...ports,
      producer: this.#producer,
      topic: changelogTopic(group, part),
      partition,
      name: `${group}/${part}/${partition}/`,
    });
  }

  /** What stands before every key of the task's state. */
  get statePrefix(): Buffer {
    return this.#state.prefix;
  }
  partitions(topic: string): number {
    return this.#ports.wire.partitions(topic);
  }
  async bound({ topic, partition }: Reading, side: 'beginning' | 'end'): Promise<number> {
    const bounds = await this.#ports.wire.listOffsets(topic, [partition], side === 'beginning' ? -2 : -1);
    return bounds.get(partition) ?? 0;
  }
  /** The fetcher of the thread gives inputs what comes for them. */
  fetch(): void {
    return undefined;
  }
  end({ knownEnd }: FetchTarget): number {
    return knownEnd;
  }

  internalTopic(stepId: string): string {
    return repartitionTopic(this.#spec.group, stepId);
  }
  async takeOver(topics: readonly string[]): Promise<void> {
    const { hasState, group, part } = this.#spec;
    await this.#ports.wire.watch([...topics, ...(hasState ? [changelogTopic(group, part)] : [])]);
    await this.#producer.init();
  }
  async committed(readings: readonly Reading[]): Promise<readonly (number | undefined)[]> {
    const readers = [...new Set(readings.map(({ reader }) => reader))];
    const offsets = new Map(
      await Promise.all(
        readers.map(async (reader) => {
          const wanted = readings.filter((reading) => reading.reader === reader);
          const group = readerGroup(this.#spec.group, reader);
          return [reader, await this.#ports.wire.committedOffsets(group, wanted)] as const;
        }),
      ),
    );
    return readings.map(({ topic, partition, reader }) => {
      const offset = offsets.get(reader)!.get(`${topic}/${partition}`) ?? -1;
      return offset < 0 ? undefined : offset;
    });
  }
  restore(): Promise<number> {
    return this.#spec.hasState ? this.#state.restore() : Promise.resolve(0);
  }

  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void {
    this.#producer.add(topic, partition, timestamp, key, value, headers);
  }
  appender(topic: string): AppendRecord {
    return this.#producer.appender(topic);
  }
  get unsent(): number {
    return this.#producer.bytes;
  }
  send(): Promise<void> {
    return this.#producer.send();
  }

  stateWriter(batch: StateBatch): StateWriter {
    return this.#spec.hasState ? this.#state.changelogged(batch) : batch;
  }
  /** Outputs and changelog, then offsets, then the local state: what is on disk is always a committed prefix. */
  async commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void> {
    const { exactlyOnce, hasState } = this.#spec;
    const offsets = this.#byGroup(positions);
    await this.#producer.flush();
    observe('sent');
    if (exactlyOnce) await this.#producer.commit(offsets);
    observe('ended');
    if (hasState && state.length > 0) await this.#state.write(state);
    observe('stored');
    if (exactlyOnce) return;
    for (const [group, list] of offsets) {
      if (group === this.#spec.group) await this.#ports.commitOffsets(group, list);
      else await this.#ports.wire.commitOffsets(group, list);
    }
  }
  #byGroup(positions: readonly Position[]): Map<string, TopicOffset[]> {
    const offsets = new Map<string, TopicOffset[]>();
    for (const { topic, partition, reader, offset } of positions) {
      const group = readerGroup(this.#spec.group, reader);
      offsets.set(group, [...(offsets.get(group) ?? []), { topic, partition, offset }]);
    }
    return offsets;
  }

  /** Deletes the state that is kept on this node. */
  forget(): void {
    this.#state.forget();
  }
}
