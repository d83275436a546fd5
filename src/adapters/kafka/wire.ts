import kafkajs, { type Kafka } from 'kafkajs';
import { Lease } from '../../util/lease.ts';
import { retry } from '../../util/retry.ts';
import { clientConfig, type ClientSettings } from './client-config.ts';
import { FramePool, framedSockets } from './frames.ts';
import {
  apiKeys,
  EncoderClass,
  fetchRequest,
  type Broker,
  type Cluster,
  type Encoder,
  type TxnTopics,
} from './kafkajs-internals.ts';
import { outOfRange, parseFetch, produceErrors, type Fetched, type FetchWant } from './responses.ts';
import { duplicateSequence, movedLeader, notLeader, WireError } from './wire-error.ts';

export interface ProducerIdentity {
  readonly id: bigint;
  readonly epoch: number;
}
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

/** The next record to read of a partition. */
export interface TopicOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Raw record batches in produce and fetch requests, and the coordinators' calls, over kafkajs's own connections. */
export class Wire {
  readonly #frames = new FramePool();
  readonly #fetching: Cluster;
  readonly #producing: Cluster;
  readonly #coordinating: Cluster;

  constructor(settings: ClientSettings, clientId: string) {
    const { Kafka: KafkaClass } = kafkajs;
    const config = clientConfig(settings, clientId);
    const kafka: Kafka = new KafkaClass(
      config.ssl === undefined ? { ...config, socketFactory: framedSockets(this.#frames) } : config,
    );
    // A broker answers a connection's requests in order, and a fetch may wait: each purpose has connections of its own.
    const create = (): Cluster => {
      const symbol = Object.getOwnPropertySymbols(kafka).find((each) => String(each).includes('createCluster'))!;
      return (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol]!({
        metadataMaxAge: 300_000,
        maxInFlightRequests: 5,
        allowAutoTopicCreation: false,
      });
    };
    this.#fetching = create();
    this.#producing = create();
    this.#coordinating = create();
  }

  async connect(): Promise<void> {
    await Promise.all([this.#fetching.connect(), this.#producing.connect(), this.#coordinating.connect()]);
  }
  async disconnect(): Promise<void> {
    await Promise.all([this.#fetching.disconnect(), this.#producing.disconnect(), this.#coordinating.disconnect()]);
  }

  /** Learns the leaders of topics; called again after a leader has moved. */
  async watch(topics: readonly string[]): Promise<void> {
    for (const cluster of [this.#fetching, this.#producing, this.#coordinating]) {
      const learn = async (): Promise<void> => {
        await cluster.addMultipleTargetTopics(topics);
        if (topics.some((topic) => cluster.findTopicPartitionMetadata(topic).length === 0))
          throw new WireError(3, topics.join(', '));
      };
      // A topic that was just made has no leader for a moment.
      const prepare = (): Promise<void> => this.#refresh(cluster);
      await retry(learn, { retries: 50, firstMs: 20, longestMs: 300, factor: 1.2, prepare });
    }
  }

  /** Learns who leads what now, as far as that is told; topics that were dropped since are forgotten. */
  async #refresh(cluster: Cluster): Promise<void> {
    try {
      await cluster.refreshMetadata();
    } catch (error) {
      if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') return;
      const known = await cluster.metadata().catch(() => undefined);
      if (known === undefined) return;
      const there = new Set(known.topicMetadata.map(({ topic }) => topic));
      for (const topic of cluster.targetTopics) if (!there.has(topic)) cluster.targetTopics.delete(topic);
      await cluster.refreshMetadata().catch(() => undefined);
    }
  }

  partitions(topic: string): number {
    return this.#fetching.findTopicPartitionMetadata(topic).length;
  }

  #leader(cluster: Cluster, topic: string, partition: number): number {
    const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (found === undefined || found.leader < 0) {
      // A broker that had not heard of it yet may have made it look dropped.
      cluster.targetTopics.add(topic);
      throw new WireError(5, `${topic}-${partition}`);
    }
    return found.leader;
  }

  async #send(broker: Broker, request: object, response: object): Promise<unknown> {
    const symbol = Object.getOwnPropertySymbols(Object.getPrototypeOf(broker)).find((each) =>
      String(each).includes('sendRequest'),
    )!;
    return (broker as unknown as Record<symbol, (call: object) => Promise<unknown>>)[symbol]!({ request, response });
  }

  /** Sends finished batches with all replicas acknowledging; the same bytes again when a leader moved or a connection broke. */
  async produce(batches: readonly PartitionBatch[], transactionalId: string | null): Promise<void> {
    let left = batches;
    const send = async (): Promise<void> => {
      left = await this.#produceOnce(left, transactionalId);
      if (left.length > 0) throw new WireError(notLeader, left.map((each) => `${each.topic}-${each.partition}`).join());
    };
    await retry(send, {
      retries: 60,
      firstMs: 10,
      longestMs: 500,
      mayPass: (error) => !(error instanceof WireError) || movedLeader.has(error.code),
      prepare: () => this.#refresh(this.#producing),
    });
  }

  async #produceOnce(batches: readonly PartitionBatch[], transactionalId: string | null): Promise<PartitionBatch[]> {
    const byLeader = groupBy(batches, ({ topic, partition }) => this.#leader(this.#producing, topic, partition));
    const rejected = await Promise.all(
      [...byLeader].map(async ([nodeId, list]) => {
        const broker = await this.#producing.findBroker({ nodeId });
        const request = {
          apiKey: apiKeys.Produce,
          apiVersion: 7,
          apiName: 'Produce',
          expectResponse: () => true,
          encode: (): Promise<Encoder> => {
            const encoder = new EncoderClass().writeString(transactionalId).writeInt16(-1).writeInt32(30_000);
            const topics = groupBy(list, ({ topic }) => topic);
            encoder.writeInt32(topics.size);
            for (const [topic, partitions] of topics) {
              encoder.writeString(topic).writeInt32(partitions.length);
              for (const { partition, batch } of partitions) encoder.writeInt32(partition).writeBytes(batch);
            }
            return Promise.resolve(encoder);
          },
        };
        const errors = produceErrors((await this.#send(broker, request, rawResponse)) as Buffer);
        return list.filter(({ topic, partition }) => {
          const code = errors.get(`${topic}/${partition}`) ?? 0;
          if (code === 0 || code === duplicateSequence) return false;
          if (movedLeader.has(code)) return true;
          throw new WireError(code, `produce to ${topic}-${partition}`);
        });
      }),
    );
    return rejected.flat();
  }

  /**
   * What the brokers have behind these offsets, waiting up to `maxWaitMs` where there is nothing. Who is done with an answer's
   * batches releases its lease.
   */
  async fetch(wants: readonly FetchWant[], maxWaitMs: number, maxBytes: number): Promise<Fetched[]> {
    const byLeader = groupBy(wants, ({ topic, partition }) => this.#leader(this.#fetching, topic, partition));
    const answers = await Promise.all(
      [...byLeader].map(async ([nodeId, list]) => {
        const broker = await this.#fetching.findBroker({ nodeId });
        const perPartition = Math.max(64 << 10, Math.floor(maxBytes / list.length));
        const topics = [...groupBy(list, ({ topic }) => topic)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => ({
            partition,
            fetchOffset: String(offset),
            logStartOffset: '-1',
            maxBytes: perPartition,
          })),
        }));
        const request = fetchRequest({
          replicaId: -1,
          isolationLevel: 1,
          maxWaitTime: maxWaitMs,
          minBytes: 1,
          maxBytes,
          topics,
          rackId: '',
        });
        const raw = (await this.#send(broker, request, rawResponse)) as Buffer;
        const lease = new Lease(() => this.#frames.release(raw));
        return parseFetch(raw, list, lease);
      }),
    );
    const results = await Promise.all(answers.flat());
    const moved = results.some(({ error }) => movedLeader.has(error));
    if (moved) await this.#refresh(this.#fetching);
    return results.filter(({ error }) => error === 0 || error === outOfRange);
  }

  /** The first (-2) or last committed (-1) offset of partitions. */
  async listOffsets(topic: string, partitions: readonly number[], timestamp: -1 | -2): Promise<Map<number, number>> {
    const result = new Map<number, number>();
    const byLeader = groupBy(partitions, (partition) => this.#leader(this.#fetching, topic, partition));
    for (const [nodeId, list] of byLeader) {
      const broker = await this.#coordinating.findBroker({ nodeId });
      const request = {
        replicaId: -1,
        isolationLevel: 1,
        topics: [{ topic, partitions: list.map((partition) => ({ partition, timestamp, maxNumOffsets: 1 })) }],
      };
      const { responses } = await broker.listOffsets(request);
      for (const { partitions: found } of responses)
        for (const { partition, offset, offsets } of found) result.set(partition, Number(offset ?? offsets?.[0] ?? 0));
    }
    return result;
  }

  /** A producer's identity. For a transactional id this fences its former holder and ends what it left open. */
  async initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity> {
    const init = async (): Promise<ProducerIdentity> => {
      const broker = transactionalId === null ? await this.#anyBroker() : await this.#coordinator(transactionalId, 1);
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionalId,
        transactionTimeout: timeoutMs,
      });
      return { id: BigInt(producerId), epoch: producerEpoch };
    };
    // CONCURRENT_TRANSACTIONS while the coordinator ends the former transaction.
    return retry(init, { retries: 120, firstMs: 5, longestMs: 250, factor: 1.5 });
  }

  async #anyBroker(): Promise<Broker> {
    const pool = this.#coordinating as unknown as {
      brokerPool: {
        withBroker(action: (each: { nodeId: string; broker: Broker }) => Promise<Broker>): Promise<Broker>;
      };
    };
    return pool.brokerPool.withBroker(({ broker }) => Promise.resolve(broker));
  }
  readonly #coordinators = new Map<string, Promise<Broker>>();
  #coordinator(id: string, type: 0 | 1): Promise<Broker> {
    const key = `${type}/${id}`;
    let found = this.#coordinators.get(key);
    if (found === undefined) {
      found = this.#coordinating.findGroupCoordinator({ groupId: id, coordinatorType: type });
      this.#coordinators.set(key, found);
      found.catch(() => this.#coordinators.delete(key));
    }
    return found;
  }

  /** Runs a coordinator's call, again while the transaction before it is still being ended. */
  async #coordinated<T>(id: string, type: 0 | 1, call: (broker: Broker) => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await call(await this.#coordinator(id, type));
      } catch (error) {
        if (fencedErrors.has(kindOf(error))) throw new WireError(47, id);
        if (movedCoordinator.has(kindOf(error))) this.#coordinators.delete(`${type}/${id}`);
        throw error;
      }
    };
    return retry(attempt, {
      retries: 250,
      firstMs: 1,
      longestMs: 60,
      factor: 1.5,
      mayPass: (error) => kindOf(error) === 'CONCURRENT_TRANSACTIONS' || movedCoordinator.has(kindOf(error)),
    });
  }

  addPartitions(
    transactionalId: string,
    { id, epoch }: ProducerIdentity,
    topics: readonly TxnTopics[],
  ): Promise<unknown> {
    return this.#coordinated(transactionalId, 1, (broker) =>
      broker.addPartitionsToTxn({ transactionalId, producerId: id.toString(), producerEpoch: epoch, topics }),
    );
  }

  async commitOffsetsInTransaction(
    transactionalId: string,
    { id, epoch }: ProducerIdentity,
    groupId: string,
    offsets: readonly TopicOffset[],
  ): Promise<void> {
    const identity = { transactionalId, producerId: id.toString(), producerEpoch: epoch, groupId };
    await this.#coordinated(transactionalId, 1, (broker) => broker.addOffsetsToTxn(identity));
    const topics = offsetsByTopic(offsets);
    await this.#coordinated(groupId, 0, (broker) => broker.txnOffsetCommit({ ...identity, topics }));
  }

  /** Commits offsets of a group that has no members. */
  async commitOffsets(groupId: string, offsets: readonly TopicOffset[]): Promise<void> {
    const noMember = { groupGenerationId: -1, memberId: '', retentionTime: -1 };
    const topics = offsetsByTopic(offsets);
    await this.#coordinated(groupId, 0, (broker) => broker.offsetCommit({ groupId, ...noMember, topics }));
  }

  endTransaction(transactionalId: string, { id, epoch }: ProducerIdentity, commit: boolean): Promise<unknown> {
    return this.#coordinated(transactionalId, 1, (broker) =>
      broker.endTxn({ transactionalId, producerId: id.toString(), producerEpoch: epoch, transactionResult: commit }),
    );
  }

  /** A group's committed offsets, -1 where it has none. */
  async committedOffsets(
    groupId: string,
    wants: readonly { topic: string; partition: number }[],
  ): Promise<Map<string, number>> {
    const topics = [...groupBy(wants, ({ topic }) => topic)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition }) => ({ partition })),
    }));
    const { responses } = await this.#coordinated(groupId, 0, (broker) => broker.offsetFetch({ groupId, topics }));
    return new Map(
      responses.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
      ),
    );
  }
}

const rawResponse = { decode: (raw: Buffer) => Promise.resolve(raw), parse: (raw: Buffer) => Promise.resolve(raw) };
/** The protocol's name of an error that kafkajs has thrown. */
const kindOf = (error: unknown): string => (error as { type?: string }).type ?? '';
const fencedErrors = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
const movedCoordinator = new Set([
  'COORDINATOR_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
  'COORDINATOR_LOAD_IN_PROGRESS',
]);

function offsetsByTopic(offsets: readonly TopicOffset[]): readonly object[] {
  return [...groupBy(offsets, ({ topic }) => topic)].map(([topic, list]) => ({
    topic,
    partitions: list.map(({ partition, offset }) => ({ partition, offset: String(offset), metadata: null })),
  }));
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [item]);
    else list.push(item);
  }
  return groups;
}
