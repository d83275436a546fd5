import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { noSpan } from '../../src/diagnostics/source.ts';
import type {
  CommandLog,
  Node,
  ProducedRecord,
  TopicInfo,
  TopicReader,
  TopicRecord,
  TopicSettings,
} from '../../src/runtime/ports/node.ts';

/** Topics as lists of records, and nothing that runs by itself: the runner pipes records through queries one at a time. */
export class HarnessNode implements Node {
  readonly kind = 'embedded';
  readonly clusterId = 'harness';
  readonly topics = new Map<string, { info: TopicInfo; records: TopicRecord[] }>();
  readonly #commands: string[] = [];

  readonly commands: CommandLog = {
    append: (command) => Promise.resolve(this.#commands.push(command) - 1),
    readAfter: () => Promise.resolve([]),
  };

  describeTopic(name: string): Promise<TopicInfo | undefined> {
    return Promise.resolve(this.topics.get(name)?.info);
  }
  listTopics(): Promise<readonly TopicInfo[]> {
    return Promise.resolve([...this.topics.values()].map(({ info }) => info));
  }
  createTopic(name: string, { partitions, replicas }: TopicSettings): Promise<void> {
    this.topics.set(name, { info: { name, partitions, replicas: replicas ?? 1 }, records: [] });
    return Promise.resolve();
  }
  deleteTopic(name: string): Promise<void> {
    this.topics.delete(name);
    return Promise.resolve();
  }
  produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    for (const record of records) this.add(topic, record);
    return Promise.resolve();
  }
  add(topic: string, { key, value, timestamp, headers }: ProducedRecord): void {
    const found = this.topics.get(topic);
    if (found === undefined) throw new SqlError('TOPIC_NOT_FOUND', noSpan, { topic });
    const bytes = (payload: string | Buffer | null): Buffer | null =>
      payload === null ? null : Buffer.from(payload as string); // a copy: encoders use their buffers again
    found.records.push({
      partition: 0,
      offset: found.records.length,
      timestamp,
      key: bytes(key),
      value: bytes(value),
      headers: headers ?? [],
    });
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
