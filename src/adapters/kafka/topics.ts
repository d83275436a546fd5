import type { Admin } from 'kafkajs';
import type { TopicInfo, TopicSettings } from '../../runtime/ports/node.ts';
import { InternalError } from '../../util/internal-error.ts';
import { retry } from '../../util/retry.ts';
import { explained, typeOf } from './broker-rights.ts';

/** Codes of a broker that has just started, of one whose controller moves, and for a topic that was just created. */
const notReady: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_CONTROLLER',
  'BROKER_NOT_AVAILABLE',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'COORDINATOR_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
]);
/** While a broker registers itself, none is there to hold a replica. */
const starting: ReadonlySet<string> = new Set([...notReady, 'INVALID_REPLICATION_FACTOR']);
/** Repeats a call while the broker says that it is not ready. */
const whenReady = <T>(call: () => Promise<T>, codes: ReadonlySet<string>, retries: number): Promise<T> =>
  retry(call, { retries, firstMs: 20, longestMs: 500, mayPass: (error) => codes.has(typeOf(error)) });

/** The topics of a cluster. */
export class Topics {
  readonly #admin: Admin;
  /** The replicas of new topics whose settings have none. */
  readonly #replicas: number;

  constructor(admin: Admin, replicas: number) {
    this.#admin = admin;
    this.#replicas = replicas;
  }

  async describe(name: string): Promise<TopicInfo | undefined> {
    try {
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] });
      const metadata = topics[0];
      return (
        metadata && {
          name,
          partitions: metadata.partitions.length,
          replicas: metadata.partitions[0]?.replicas.length ?? 1,
        }
      );
    } catch (error) {
      if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw explained(error, { topic: `DESCRIBE on topic "${name}"` });
    }
  }
  async list(): Promise<readonly TopicInfo[]> {
    const { topics } = await this.#admin.fetchTopicMetadata();
    return topics
      .map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 1,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  async create(name: string, { partitions, replicas, config }: TopicSettings): Promise<void> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    const topic = {
      topic: name,
      numPartitions: partitions,
      replicationFactor: replicas ?? this.#replicas,
      configEntries,
    };
    // kafkajs waits for leaders, but gives up if a busy broker does not know the new topic yet.
    const create = (): Promise<boolean> => this.#admin.createTopics({ waitForLeaders: false, topics: [topic] });
    try {
      await whenReady(create, starting, 12);
      await whenReady(() => this.#requireLeaders(name), notReady, 100);
    } catch (error) {
      throw explained(error, { topic: `CREATE and DESCRIBE on topic "${name}"` });
    }
  }
  /** Throws unless every partition of a topic has a known leader. */
  async #requireLeaders(topic: string): Promise<void> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    if (partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)) return;
    throw Object.assign(new InternalError(`topic ${topic} has no leader`), { type: 'LEADER_NOT_AVAILABLE' });
  }
  async delete(name: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [name] }).catch(() => undefined);
  }
}
