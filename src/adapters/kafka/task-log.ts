import type { Payload, RecordHeader } from '../../records/batch.ts';
import type { AppendRecord, CommitObserver, FetchTarget, Position, Reading, TaskLog } from '../../runtime/ports/log.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { retry } from '../../util/retry.ts';
import { stateName } from './local-state.ts';
import { changelogTopic, readerGroup, repartitionTopic, transactionalId } from './names.ts';
import { TaskProducer } from './task-producer.ts';
import { TaskState } from './task-state.ts';
import type { TopicOffset, Wire } from './wire.ts';

const offsetPauses = { retries: Infinity, firstMs: 100, longestMs: 10_000 };

/** Identifies the task that a log is for, and how it commits. */
export interface TaskLogSpec {
  readonly group: string;
  readonly part: number;
  readonly partition: number;
  readonly exactlyOnce: boolean;
  /** Whether it has state and so a changelog. */
  readonly hasState: boolean;
}
export interface TaskLogPorts {
  readonly wire: Wire;
  readonly backend: StateBackend;
  /** At least once: commits the group's offsets through its member, in the main thread. */
  readonly commitOffsets: (group: string, offsets: readonly TopicOffset[]) => Promise<void>;
}

/** Kafka as the log of one task: a producer of its own, the offsets of the query's groups, and a changelog. */
export class KafkaTaskLog implements TaskLog {
  readonly #spec: TaskLogSpec;
  readonly #ports: TaskLogPorts;
  readonly #producer: TaskProducer;
  readonly #state: TaskState;
  #isCancelled = false;
  /** The commits whose offsets are stored. */
  commits = 0;
  /** Why offsets are not stored. */
  trouble: string | undefined;
  /** At least once: the last commit's offsets, while they are being committed. */
  #offsets: Promise<void> = Promise.resolve();

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
      name: stateName(group, part, partition),
    });
  }

  /** The prefix of all keys of the task's state. */
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
  /** Nothing to do: the thread's fetcher fills the inputs. */
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
    const written = [...topics, ...(hasState ? [changelogTopic(group, part)] : [])];
    await this.#ports.wire.watch(written);
    // Partitions that were added lately are known after the metadata was read again.
    if (topics.length > 0 && topics.every((topic) => this.#ports.wire.partitions(topic) <= this.#spec.partition))
      await this.#ports.wire.refresh();
    await this.#ports.wire.learnLimits(written);
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

  async openTopic(topic: string): Promise<void> {
    await this.#ports.wire.watch([topic]);
    if (this.#ports.wire.partitions(topic) === 0) await this.#ports.wire.refresh();
    await this.#ports.wire.learnLimits([topic]);
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

  get stateEntryBytes(): number {
    const { group, part } = this.#spec;
    return this.#ports.wire.limits(changelogTopic(group, part)).bytes;
  }
  stateWriter(batch: StateBatch): StateWriter {
    return this.#spec.hasState ? this.#state.changelogged(batch) : batch;
  }
  /**
   * Exactly once: commits outputs, changelog and offsets, then the local state, which is therefore always a committed prefix.
   * At least once: the offsets are committed last, while the task continues; a crash before that only means reading more again.
   */
  async commit(positions: readonly Position[], state: StateBatch, observe: CommitObserver): Promise<void> {
    const { exactlyOnce, hasState } = this.#spec;
    const offsets = this.#byGroup(positions);
    await this.#producer.flush();
    observe('sent');
    if (exactlyOnce) await this.#producer.commit(offsets);
    observe('ended');
    if (hasState && state.length > 0) this.#state.write(state);
    observe('stored');
    if (exactlyOnce) {
      this.commits++;
      return;
    }
    await this.#offsets;
    this.#offsets = this.#commitOffsets(offsets);
    this.#offsets.catch(() => undefined);
  }
  /**
   * Offsets that are not taken are offered again, and again: if the task failed instead, its next attempt would send the same output
   * once more, each time. The task waits at its next commit. It ends with the membership, which another call has lost or given up.
   */
  async #commitOffsets(offsets: ReadonlyMap<string, readonly TopicOffset[]>): Promise<void> {
    for (const [group, list] of offsets) {
      const commit = (): Promise<void> =>
        group === this.#spec.group
          ? this.#ports.commitOffsets(group, list)
          : this.#ports.wire.commitOffsets(group, list);
      const mayPass = (error: unknown): boolean => {
        this.trouble = `its offsets cannot be committed: ${(error as Error).message}`;
        return !this.#isCancelled;
      };
      await retry(commit, { ...offsetPauses, mayPass });
    }
    this.trouble = undefined;
    this.commits++;
  }
  /** Whoever waits for the task's end waits no longer than for what is under way. */
  cancel(): void {
    this.#isCancelled = true;
    this.#state.isCancelled = true;
  }
  /** Waits until the last commit's offsets are committed; throws if that failed. */
  settled(): Promise<void> {
    return this.#offsets;
  }
  #byGroup(positions: readonly Position[]): Map<string, TopicOffset[]> {
    const offsets = new Map<string, TopicOffset[]>();
    for (const { topic, partition, reader, offset } of positions) {
      const group = readerGroup(this.#spec.group, reader);
      offsets.set(group, [...(offsets.get(group) ?? []), { topic, partition, offset }]);
    }
    return offsets;
  }
}
