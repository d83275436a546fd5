import kafkajs, { type Kafka } from 'kafkajs';
import { groupBy } from '../../util/group-by.ts';
import { Lease } from '../../util/lease.ts';
import { defaultLimits, limitNames, limitsOf, type TopicLimits } from './topic-limits.ts';
import { retry } from '../../util/retry.ts';
import { clientConfig, type ClientSettings } from './client-config.ts';
import { AclMissing, explained, naming, quoted, rightsOfGroups, rightsOfTransactions } from './broker-rights.ts';
import { FramePool, framedSockets } from './frames.ts';
import {
  fetchRequest,
  newCluster,
  offsetsByTopic,
  sendRequest,
  type Broker,
  type Cluster,
  type TxnTopics,
} from './kafkajs-internals.ts';
import { produceRequest, type PartitionBatch } from './produce-request.ts';
import { parseFetch, producedTo, type Fetched, type FetchWant } from './responses.ts';
import {
  describeError,
  duplicateSequence,
  fencedErrors,
  forbidden,
  inCompletion,
  inFencing,
  kindOf,
  movedCoordinator,
  movedLeader,
  notLeader,
  WireError,
} from './wire-error.ts';

export interface ProducerIdentity {
  readonly id: bigint;
  readonly epoch: number;
}

/** The next record to read of a partition. */
export interface TopicOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Produce and fetch requests with raw record batches, and calls to coordinators, over kafkajs's connections. */
export class Wire {
  readonly #frames = new FramePool();
  readonly #fetching: Cluster;
  readonly #producing: Cluster;
  readonly #coordinating: Cluster;
  /** Fetches of changelogs do not stand in a row with those that wait for new records. */
  readonly #restoring: Cluster;

  constructor(settings: ClientSettings, clientId: string) {
    const { Kafka: KafkaClass } = kafkajs;
    const config = clientConfig(settings, clientId);
    const kafka: Kafka = new KafkaClass(
      config.ssl === undefined ? { ...config, socketFactory: framedSockets(this.#frames) } : config,
    );
    // A broker answers a connection's requests in order, and fetches may wait, so each purpose has connections of its own.
    const create = (): Cluster => newCluster(kafka);
    this.#fetching = create();
    this.#producing = create();
    this.#coordinating = create();
    this.#restoring = create();
  }
  get #clusters(): readonly Cluster[] {
    return [this.#fetching, this.#producing, this.#coordinating, this.#restoring];
  }

  async connect(): Promise<void> {
    await Promise.all(this.#clusters.map((cluster) => cluster.connect()));
  }
  async disconnect(): Promise<void> {
    await Promise.all(this.#clusters.map((cluster) => cluster.disconnect()));
  }

  /** Reads the leaders of topics; called again when a leader has moved. */
  async watch(topics: readonly string[]): Promise<void> {
    for (const cluster of this.#clusters) {
      const learn = async (): Promise<void> => {
        await cluster.addMultipleTargetTopics(topics);
        if (topics.some((topic) => cluster.findTopicPartitionMetadata(topic).length === 0))
          throw new WireError(3, topics.join(', '));
      };
      // A topic that was just created has no leader for a moment.
      const prepare = (): Promise<void> => this.#refresh(cluster);
      const mayPass = (error: unknown): boolean => !(error instanceof AclMissing);
      const named = naming(learn, { topic: `DESCRIBE on topics ${quoted(topics)}` });
      await retry(named, { ...leaderPauses, prepare, mayPass });
    }
  }

  /** Reads the metadata again, after a broken connection. */
  async refresh(): Promise<void> {
    await Promise.all(this.#clusters.map((cluster) => this.#refresh(cluster).catch(() => undefined)));
  }

  /** Refreshes the metadata; topics that were deleted are dropped from it. */
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
    const metadata = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (metadata === undefined || metadata.leader < 0) {
      // A broker that did not know the topic yet may have made it look deleted.
      cluster.targetTopics.add(topic);
      throw new WireError(5, `${topic}-${partition}`);
    }
    return metadata.leader;
  }

  /**
   * Sends finished batches with acks=all, one of a partition; after a change of leader or a broken connection the same bytes again.
   * Returns where the partitions' batches begin, of those that the broker tells: not of one that it had long before.
   */
  async produce(batches: readonly PartitionBatch[], transactionalId: string | null): Promise<Map<string, number>> {
    const offsets = new Map<string, number>();
    let left = batches;
    const send = async (): Promise<void> => {
      left = await this.#produceOnce(left, transactionalId, offsets);
      if (left.length > 0)
        throw new WireError(notLeader, left.map((batch) => `${batch.topic}-${batch.partition}`).join());
    };
    await retry(send, {
      retries: 60,
      firstMs: 10,
      longestMs: 500,
      mayPass: (error) => !(error instanceof WireError) || movedLeader.has(error.code),
      prepare: () => this.#refresh(this.#producing),
    });
    return offsets;
  }

  async #produceOnce(
    batches: readonly PartitionBatch[],
    transactionalId: string | null,
    offsets: Map<string, number>,
  ): Promise<PartitionBatch[]> {
    const byLeader = groupBy(batches, ({ topic, partition }) => this.#leader(this.#producing, topic, partition));
    const rejected = await Promise.all(
      [...byLeader].map(async ([nodeId, list]) => {
        const broker = await this.#producing.findBroker({ nodeId });
        const request = produceRequest(list, transactionalId);
        const produced = producedTo((await sendRequest(broker, request, rawResponse)) as Buffer);
        return list.filter(({ topic, partition }) => {
          const { error: code, offset } = produced.get(`${topic}/${partition}`) ?? { error: 0, offset: -1 };
          if (code === 0 && offset >= 0) offsets.set(`${topic}/${partition}`, offset);
          if (code === 0 || code === duplicateSequence) return false;
          if (movedLeader.has(code)) return true;
          throw explained(new WireError(code, `produce to ${topic}-${partition}`), {
            topic: `WRITE on topic "${topic}"`,
            ...(transactionalId !== null && rightsOfTransactions(transactionalId)),
          });
        });
      }),
    );
    return rejected.flat();
  }

  /**
   * Fetches records from these offsets, waiting up to `maxWaitMs` if there are none. The caller releases the response's lease
   * when it is done with the batches.
   */
  async fetch(
    wants: readonly FetchWant[],
    maxWaitMs: number,
    maxBytes: number,
    forRestore = false,
  ): Promise<Fetched[]> {
    const cluster = forRestore ? this.#restoring : this.#fetching;
    const led = wants.filter(({ topic, partition }) => this.#isLed(cluster, topic, partition));
    const byLeader = groupBy(led, ({ topic, partition }) => this.#leader(cluster, topic, partition));
    const answers = await Promise.all(
      [...byLeader].map(async ([nodeId, list]) => {
        const broker = await cluster.findBroker({ nodeId });
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
        const raw = (await sendRequest(broker, request, rawResponse)) as Buffer;
        const lease = new Lease(() => this.#frames.release(raw));
        return parseFetch(raw, list, lease);
      }),
    );
    const results = await Promise.all(answers.flat());
    const moved = led.length < wants.length || results.some(({ error }) => movedLeader.has(error));
    if (moved) await this.#refresh(cluster);
    const nothing = { batches: [], highWatermark: 0, outOfRange: false, lease: new Lease(() => undefined) };
    const absent = wants
      .filter(({ topic, partition }) => !this.#isLed(cluster, topic, partition))
      .map(({ topic, partition, offset }) => ({
        ...nothing,
        topic,
        partition,
        next: offset,
        trouble: describeError(3, topic),
      }));
    return [
      ...absent,
      ...results.flatMap((result) =>
        result.error === 0 || result.outOfRange
          ? result
          : movedLeader.has(result.error)
            ? []
            : {
                ...result,
                trouble: describeError(result.error, result.topic),
                isForbidden: result.error === forbidden,
              },
      ),
    ];
  }
  /** Whether a partition is known and has a leader. One that is not is looked for at the next refresh. */
  #isLed(cluster: Cluster, topic: string, partition: number): boolean {
    const known = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (known !== undefined && known.leader >= 0) return true;
    cluster.targetTopics.add(topic);
    return false;
  }

  /** The first (-2) or last (-1) offset of partitions: the last that is committed, or of all that was written. */
  async listOffsets(
    topic: string,
    partitions: readonly number[],
    timestamp: -1 | -2,
    of: 'committed' | 'written' = 'committed',
  ): Promise<Map<number, number>> {
    const result = new Map<number, number>();
    const byLeader = groupBy(partitions, (partition) => this.#leader(this.#fetching, topic, partition));
    for (const [nodeId, list] of byLeader) {
      const broker = await this.#coordinating.findBroker({ nodeId });
      const request = {
        replicaId: -1,
        isolationLevel: of === 'committed' ? 1 : 0,
        topics: [{ topic, partitions: list.map((partition) => ({ partition, timestamp, maxNumOffsets: 1 })) }],
      };
      const { responses } = await broker.listOffsets(request);
      for (const { partitions: partitionOffsets } of responses)
        for (const { partition, offset, offsets } of partitionOffsets)
          result.set(partition, Number(offset ?? offsets?.[0] ?? 0));
    }
    return result;
  }

  /** Initialises a producer. With a transactional id this fences the former holder and aborts its open transaction. */
  async initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity> {
    const init = async (): Promise<ProducerIdentity> => {
      const broker = transactionalId === null ? await this.#anyBroker() : await this.#coordinator(transactionalId, 1);
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionalId,
        transactionTimeout: timeoutMs,
      });
      return { id: BigInt(producerId), epoch: producerEpoch };
    };
    const rights = {
      cluster: 'IDEMPOTENT_WRITE on the cluster, or WRITE on a topic',
      ...(transactionalId !== null && rightsOfTransactions(transactionalId)),
    };
    const mayPass = (error: unknown): boolean => !(error instanceof AclMissing);
    // CONCURRENT_TRANSACTIONS while the coordinator aborts the former transaction.
    return retry(naming(init, rights), { retries: 120, firstMs: 5, longestMs: 250, factor: 1.5, mayPass });
  }

  /** Asks what topics take; a broker that does not tell leaves Kafka's defaults. */
  async learnLimits(topics: readonly string[]): Promise<void> {
    const resources = [...new Set(topics)].map((name) => ({ type: 2, name, configNames: limitNames }));
    const ask = async (): Promise<void> => {
      const answer = await (await this.#anyBroker()).describeConfigs({ resources });
      for (const { resourceName, configEntries } of answer.resources)
        this.#limits.set(resourceName, limitsOf(configEntries));
    };
    await retry(ask, { retries: 3, firstMs: 20, longestMs: 200 }).catch(() => undefined);
  }
  readonly #limits = new Map<string, TopicLimits>();
  /** What records a topic takes. */
  limits(topic: string): TopicLimits {
    return this.#limits.get(topic) ?? defaultLimits;
  }

  async #anyBroker(): Promise<Broker> {
    const pool = this.#coordinating as unknown as {
      brokerPool: {
        withBroker(action: (node: { nodeId: string; broker: Broker }) => Promise<Broker>): Promise<Broker>;
      };
    };
    return pool.brokerPool.withBroker(({ broker }) => Promise.resolve(broker));
  }
  readonly #coordinators = new Map<string, Promise<Broker>>();
  #coordinator(id: string, type: 0 | 1): Promise<Broker> {
    const key = `${type}/${id}`;
    let coordinator = this.#coordinators.get(key);
    if (coordinator === undefined) {
      coordinator = this.#coordinating.findGroupCoordinator({ groupId: id, coordinatorType: type });
      this.#coordinators.set(key, coordinator);
      coordinator.catch(() => this.#coordinators.delete(key));
    }
    return coordinator;
  }

  /** Groups and transactional ids that are no more, and topics that nothing reads or writes here for now. */
  forget(ids: readonly string[], topics: readonly string[]): void {
    for (const id of ids) for (const type of [0, 1]) this.#coordinators.delete(`${type}/${id}`);
    for (const topic of topics) {
      this.#limits.delete(topic);
      for (const cluster of this.#clusters) cluster.targetTopics.delete(topic);
    }
  }

  /** Calls a coordinator; retries while the previous transaction is still being completed, and after errors of the kinds in `passing`. */
  async #coordinated<T>(
    id: string,
    type: 0 | 1,
    call: (broker: Broker) => Promise<T>,
    rights: Readonly<Record<string, string>> = type === 0 ? rightsOfGroups(id) : rightsOfTransactions(id),
    passing: ReadonlySet<string> = inCompletion,
  ): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await call(await this.#coordinator(id, type));
      } catch (error) {
        if (fencedErrors.has(kindOf(error))) throw new WireError(47, id);
        if (movedCoordinator.has(kindOf(error))) this.#coordinators.delete(`${type}/${id}`);
        throw explained(error, rights);
      }
    };
    return retry(attempt, {
      retries: 250,
      firstMs: 1,
      longestMs: 60,
      factor: 1.5,
      mayPass: (error) => passing.has(kindOf(error)),
    });
  }

  addPartitions(
    transactionalId: string,
    { id, epoch }: ProducerIdentity,
    topics: readonly TxnTopics[],
  ): Promise<unknown> {
    const rights = {
      ...rightsOfTransactions(transactionalId),
      topic: `WRITE on topics ${quoted(topics.map(({ topic }) => topic))}`,
    };
    const request = { transactionalId, producerId: id.toString(), producerEpoch: epoch, topics };
    return this.#coordinated(transactionalId, 1, (broker) => broker.addPartitionsToTxn(request), rights);
  }

  async commitOffsetsInTransaction(
    transactionalId: string,
    { id, epoch }: ProducerIdentity,
    groupId: string,
    offsets: readonly TopicOffset[],
  ): Promise<void> {
    const identity = { transactionalId, producerId: id.toString(), producerEpoch: epoch, groupId };
    const rights = {
      ...rightsOfTransactions(transactionalId),
      ...rightsOfGroups(
        groupId,
        offsets.map(({ topic }) => topic),
      ),
    };
    await this.#coordinated(transactionalId, 1, (broker) => broker.addOffsetsToTxn(identity), rights);
    const topics = offsetsByTopic(offsets);
    await this.#coordinated(groupId, 0, (broker) => broker.txnOffsetCommit({ ...identity, topics }), rights);
  }

  /** Commits offsets of a group that has no members. */
  async commitOffsets(groupId: string, offsets: readonly TopicOffset[]): Promise<void> {
    const noMember = { groupGenerationId: -1, memberId: '', retentionTime: -1 };
    const topics = offsetsByTopic(offsets);
    await this.#coordinated(groupId, 0, (broker) => broker.offsetCommit({ groupId, ...noMember, topics }));
  }

  /** Deletes a group without members, with its offsets. One that is not there is deleted; one with members is another node's. */
  async deleteGroup(groupId: string): Promise<void> {
    const ask = async (broker: Broker): Promise<void> => {
      const { results } = await broker.deleteGroups([groupId]);
      for (const { errorCode, error } of results)
        if (!groupIsNotOurs.has(errorCode) && error !== undefined) throw error;
    };
    await this.#coordinated(groupId, 0, ask, { group: `DELETE on group "${groupId}"` });
  }

  endTransaction(transactionalId: string, { id, epoch }: ProducerIdentity, commit: boolean): Promise<unknown> {
    const request = { transactionalId, producerId: id.toString(), producerEpoch: epoch, transactionResult: commit };
    return this.#coordinated(transactionalId, 1, (broker) => broker.endTxn(request), undefined, inFencing);
  }

  /** A group's committed offsets; -1 for none. */
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

/** NON_EMPTY_GROUP and GROUP_ID_NOT_FOUND. */
const groupIsNotOurs: ReadonlySet<number> = new Set([68, 69]);
/** Kafka's own. */
const leaderPauses = { retries: 50, firstMs: 20, longestMs: 300, factor: 1.2 };
const rawResponse = { decode: (raw: Buffer) => Promise.resolve(raw), parse: (raw: Buffer) => Promise.resolve(raw) };
