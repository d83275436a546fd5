import type { Kafka } from 'kafkajs';
import type { TopicInfo, TopicSettings } from '../../runtime/ports/node.ts';
import { InternalError } from '../../util/internal-error.ts';
import { retry } from '../../util/retry.ts';
import { explained, TopicRefused } from './broker-rights.ts';
import { newCluster, type Broker, type Cluster } from './kafkajs-internals.ts';
import {
  askCreation,
  askDeletion,
  askDeletionByName,
  askTopics,
  type KnownTopic,
  type TopicAnswer,
} from './topic-requests.ts';
import { errorCodes, WireError } from './wire-error.ts';

/** A statement waits so long for a controller that is not ready. */
const patienceMs = 20_000;
/** Where metadata of another broker may be behind the controller's. */
const spreadMs = 2000;
const { unknownTopic, noLeader, timedOut, noBroker, loading, noCoordinator, alreadyExists, notController } = errorCodes;
/** Codes of a broker that has just started, of one whose controller moves, and for a topic that was just created. */
const notReady: ReadonlySet<number> = new Set([
  unknownTopic,
  noLeader,
  timedOut,
  noBroker,
  loading,
  noCoordinator,
  notController,
]);
/** The controller has not done it, and never will. */
const undone: ReadonlySet<number> = new Set([notController]);
/** While a broker registers itself, none is there to hold a replica. */
const registeringRetries = 12;

const infoOf = ({ name, partitions }: KnownTopic): TopicInfo => ({
  name,
  partitions: partitions.length,
  replicas: partitions[0]?.replicas.length ?? 1,
});

/** The topics of a cluster, over a connection of its own. Each request is one to the controller, and its answer says what came of it. */
export class Topics {
  readonly #cluster: Cluster;
  /** The replicas of new topics whose settings have none. */
  readonly #replicas: number;

  constructor(kafka: Kafka, replicas: number) {
    this.#cluster = newCluster(kafka);
    this.#replicas = replicas;
  }
  async connect(): Promise<void> {
    await this.#cluster.connect();
    await this.#cluster.refreshMetadata();
  }
  disconnect(): Promise<void> {
    return this.#cluster.disconnect();
  }

  /** Repeats a call with the controller while it is not reached, or says one of these codes. */
  #withController<T>(
    call: (controller: Broker) => Promise<T>,
    passing: ReadonlySet<number>,
    mayPass: (error: unknown) => boolean = (error) => !(error instanceof WireError) || passing.has(error.code),
  ): Promise<T> {
    return retry(async () => call(await this.#cluster.findControllerBroker()), {
      retries: Infinity,
      firstMs: 10,
      longestMs: 500,
      deadline: performance.now() + patienceMs,
      mayPass,
      prepare: () => this.#cluster.refreshMetadata().catch(() => undefined),
    });
  }

  async #find(name: string): Promise<KnownTopic | undefined> {
    const ask = async (controller: Broker): Promise<KnownTopic | undefined> => {
      const [topic] = await askTopics(controller, [name]);
      if (topic === undefined || topic.error === unknownTopic) return undefined;
      // What a new topic lacks is told by its partitions.
      if (topic.error !== 0 && topic.error !== noLeader) throw new WireError(topic.error, `topic "${name}"`);
      return topic;
    };
    return this.#withController(ask, new Set());
  }

  async describe(name: string): Promise<TopicInfo | undefined> {
    try {
      const topic = await this.#find(name);
      return topic && infoOf(topic);
    } catch (error) {
      throw explained(error, { topic: `DESCRIBE on topic "${name}"` });
    }
  }
  /** All topics, or those of some names that are there. */
  async list(names?: readonly string[]): Promise<readonly TopicInfo[]> {
    const topics = await this.#withController((controller) => askTopics(controller, names), new Set());
    const there = topics.filter(({ error }) => error === 0);
    return there.map(infoOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create(name: string, settings: TopicSettings): Promise<void> {
    const whole = { ...settings, replicas: settings.replicas ?? this.#replicas };
    let registering = registeringRetries;
    const create = async (controller: Broker): Promise<void> => {
      const answer = await askCreation(controller, name, whole);
      if (answer.error !== alreadyExists) requireDone(answer, name, 'create');
    };
    const mayPass = (error: unknown): boolean =>
      !(error instanceof WireError) ||
      notReady.has(error.code) ||
      (error.code === errorCodes.invalidReplicas && registering-- > 0);
    try {
      await this.#withController(create, notReady, mayPass);
      await this.#untilLed(name);
    } catch (error) {
      throw explained(error, { topic: `CREATE and DESCRIBE on topic "${name}"` });
    }
  }
  /** Returns when every partition of a topic has a known leader. */
  async #untilLed(name: string): Promise<void> {
    const look = async (): Promise<void> => {
      const partitions = (await this.#find(name))?.partitions ?? [];
      if (partitions.length === 0 || partitions.some(({ leader }) => leader < 0))
        throw new InternalError(`topic ${name} has no leader`);
    };
    const mayPass = (error: unknown): boolean => error instanceof InternalError;
    const deadline = performance.now() + patienceMs;
    await retry(look, { retries: Infinity, firstMs: 4, longestMs: 200, deadline, mayPass });
  }

  /**
   * Deletes the topic that has this name now; one that is not there is deleted. Where brokers have ids of topics, the request may be
   * repeated: it never means a topic that is made under the name meanwhile.
   */
  async delete(name: string): Promise<void> {
    try {
      const topic = await this.#find(name);
      if (topic?.id === undefined) await this.#deleteByName(name);
      else await this.#deleteById(name, topic.id);
    } catch (error) {
      throw explained(error, { topic: `DELETE and DESCRIBE on topic "${name}"` });
    }
  }
  async #deleteById(name: string, id: Buffer): Promise<void> {
    const ask = async (controller: Broker): Promise<void> => {
      const answer = await askDeletion(controller, id);
      if (answer.error !== errorCodes.unknownTopicId) requireDone(answer, name, 'delete');
    };
    await this.#withController(ask, notReady);
    // A topic that is made right after must not be taken for this one.
    const look = async (): Promise<void> => {
      const there = await this.#find(name);
      if (there?.id?.equals(id) === true) throw new InternalError(`topic ${name} is still there`);
    };
    const deadline = performance.now() + spreadMs;
    await retry(look, { retries: Infinity, firstMs: 2, longestMs: 100, deadline }).catch(() => undefined);
  }
  /**
   * A request whose answer is lost is not repeated. The controller is asked also where the metadata lacks the topic, because that may
   * be behind.
   */
  async #deleteByName(name: string): Promise<void> {
    const ask = async (controller: Broker): Promise<void> => {
      const answer = await askDeletionByName(controller, name);
      if (answer.error !== unknownTopic) requireDone(answer, name, 'delete');
    };
    await this.#withController(ask, undone, (error) => error instanceof WireError && undone.has(error.code));
  }
}

function requireDone({ error, why }: TopicAnswer, topic: string, what: 'create' | 'delete'): void {
  if (error !== 0) throw new TopicRefused(error, topic, what, why);
}
