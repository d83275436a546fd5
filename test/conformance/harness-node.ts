import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { BatchWriter, type Payload, type RecordHeader } from '../../src/records/batch.ts';
import { noSpan } from '../../src/diagnostics/source.ts';
import { MemoryLog } from '../../src/adapters/memory/memory-log.ts';
import type {
  CommandLog,
  Node,
  ProducedRecord,
  TopicInfo,
  TopicReader,
  TopicSettings,
} from '../../src/runtime/ports/node.ts';

/** A batch of one record. */
export function batchOf(
  timestamp: number,
  key: Payload,
  value: Payload,
  headers: readonly RecordHeader[] = [],
): Buffer {
  const writer = new BatchWriter(1 << 10);
  writer.add(timestamp, key, value, headers);
  return writer.finish();
}

/** Topics as lists of records, and nothing that runs by itself: the runner pipes records through queries one at a time. */
export class HarnessNode implements Node {
  readonly kind = 'embedded';
  readonly clusterId = 'harness';
  /** Each topic has one partition here, however many it is said to have. */
  readonly log = new MemoryLog();
  readonly #topics = new Map<string, TopicInfo>();
  readonly #commands: string[] = [];

  readonly commands: CommandLog = {
    append: (command) => Promise.resolve(this.#commands.push(command) - 1),
    readAfter: () => Promise.resolve([]),
  };

  describeTopic(name: string): Promise<TopicInfo | undefined> {
    return Promise.resolve(this.#topics.get(name));
  }
  listTopics(): Promise<readonly TopicInfo[]> {
    return Promise.resolve([...this.#topics.values()]);
  }
  createTopic(name: string, { partitions, replicas }: TopicSettings): Promise<void> {
    this.#topics.set(name, { name, partitions, replicas: replicas ?? 1 });
    this.log.create(name, 1);
    return Promise.resolve();
  }
  deleteTopic(name: string): Promise<void> {
    this.#topics.delete(name);
    this.log.delete(name);
    return Promise.resolve();
  }
  produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    for (const record of records) this.add(topic, record);
    return Promise.resolve();
  }
  add(topic: string, { timestamp, key, value, headers }: ProducedRecord): void {
    const [partition] = this.log.partitions(topic);
    if (partition === undefined) throw new SqlError('TOPIC_NOT_FOUND', noSpan, { topic });
    partition.append(batchOf(timestamp, key, value, headers));
  }
  openReader(): Promise<TopicReader> {
    return Promise.reject(new SqlError('NOT_SUPPORTED_YET', noSpan, { what: 'reading in the harness' }));
  }
  startQuery(): Promise<void> {
    return Promise.resolve();
  }
  stopQuery(): Promise<void> {
    return Promise.resolve();
  }
  setPaused(): Promise<void> {
    return Promise.resolve();
  }
  whereabouts(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  status(): undefined {
    return undefined;
  }
  pull(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  isHealthy(): boolean {
    return true;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
