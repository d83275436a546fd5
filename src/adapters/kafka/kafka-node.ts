import type { Row } from '../../types/sql-type.ts';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { serverOptions } from '../../config/server-options.ts';
import type {
  Node,
  ProducedRecord,
  PulledState,
  QueryStatus,
  QueryWhereabouts,
  ReadMode,
  RunnableQuery,
  StartPositions,
  TopicInfo,
  TopicReader,
  TopicSettings,
} from '../../runtime/ports/node.ts';
import { deadLetterTopic } from '../../runtime/sinks/dead-letters.ts';
import { processingLogTopic, stoppedRecord } from '../../runtime/sinks/processing-log.ts';
import type { ModelObject } from '../../types/model.ts';
import type { VersionStats } from '../../runtime/ports/scoring-stats.ts';
import { retry } from '../../util/retry.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';
import { RocksBackend } from '../rocksdb/rocks-backend.ts';
import { DeadlyWork } from '../rocksdb/work-marks.ts';
import { batchesOf, listsWithin } from '../../runtime/topic-records.ts';
import { BrokerContact, untilBroker, untilConnected } from './broker-contact.ts';
import { ClusterReads } from './cluster-reads.ts';
import { clientConfig } from './client-config.ts';
import { createInternalTopics, internalTopics, readerGroups } from './internal-topics.ts';
import { droppedQuery, partitionsOf } from './dropped-query.ts';
import { commandTopic, groupId, threadName } from './names.ts';
import { commandTopicSettings, KafkaCommands, processingLogSettings } from './kafka-commands.ts';
import { HeartbeatPace } from './heartbeat-pace.ts';
import { KafkaReader } from './kafka-reader.ts';
import { forgetOthers } from './local-state.ts';
import { memberOf, QueryGroup } from './query-group.ts';
import { QueryTasks } from './query-tasks.ts';
import { hasSettled, notStarted, readQuery, statusOf, type RunningQuery } from './running-query.ts';
import { endsOf } from './start-positions.ts';
import type { TaskStatus } from './task-worker.ts';
import { TaskPool } from './task-pool.ts';
import { StandingLag } from './standing-lag.ts';
import type { KafkaNodeOptions } from './node-options.ts';
import { Standbys } from './standbys.ts';
import { Topics } from './topics.ts';
import { TopicWatch } from './topic-watch.ts';
import { whereaboutsOf } from './whereabouts.ts';
import { Wire } from './wire.ts';
import { noted, type NotedError } from '../../util/noted-error.ts';

/** A member of a Kafka cluster: consumer groups distribute tasks, transactions commit, changelogs hold state. */
export class KafkaNode implements Node {
  readonly kind = 'kafka';
  readonly clusterId: string;
  readonly commands: KafkaCommands;
  readonly #options: KafkaNodeOptions;
  readonly #serviceId: string;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #topics: Topics;
  readonly #wire: Wire;
  readonly #backend: RocksBackend;
  readonly #lock: FolderLock;
  readonly #deadly: DeadlyWork;
  readonly #pool: TaskPool;
  readonly #queries = new Map<string, RunningQuery>();
  readonly #reads: ClusterReads;
  /** The last fetch error of each worker that cannot fetch. */
  readonly #unreachable = new Map<number, NotedError>();
  readonly #contact: BrokerContact;
  readonly #lags: StandingLag;
  readonly #watch: TopicWatch;
  readonly #standbys: Standbys;
  readonly #tasks: QueryTasks;
  readonly #sessionMs: number;
  readonly #pace: HeartbeatPace;
  #closed = false;

  private constructor(
    options: KafkaNodeOptions,
    parts: {
      kafka: Kafka;
      admin: Admin;
      topics: Topics;
      wire: Wire;
      backend: RocksBackend;
      lock: FolderLock;
      clusterId: string;
    },
  ) {
    this.#options = options;
    this.#deadly = new DeadlyWork(options.stateFolder);
    this.#serviceId = serverOptions.read('ksql.service.id', options.settings);
    this.#kafka = parts.kafka;
    this.#sessionMs = serverOptions.read('session.timeout.ms', options.settings);
    this.#pace = new HeartbeatPace(this.#sessionMs);
    this.#admin = parts.admin;
    this.#topics = parts.topics;
    this.#wire = parts.wire;
    this.#backend = parts.backend;
    this.#lock = parts.lock;
    this.clusterId = parts.clusterId;
    const { settings } = options;
    this.#contact = new BrokerContact(settings['bootstrap.servers']!, options.log);
    this.commands = new KafkaCommands(
      parts.wire,
      commandTopic(this.#serviceId),
      `_millrace-${this.#serviceId}_command_writer`,
      this.#contact,
    );
    this.#contact.onBack = () => {
      for (const running of this.#queries.values()) this.#tasks.tryNow(running);
    };
    this.#watch = new TopicWatch({
      list: (names) => this.#contact.need(() => this.#topics.list(names)),
      queries: () => this.#queries.values(),
      onMore: (running) => {
        void this.#tasks.revoke(running).then(() => running.group.rejoin());
      },
      onBlocked: (running, why) => {
        this.#options.log(`query ${running.query.id}: ${why}`);
        void this.#tasks.block(running, why);
      },
    });
    this.#lags = new StandingLag(parts.wire, () => this.#queries.values());
    const { worker: module, stateFolder } = options;
    const threads = serverOptions.read('ksql.streams.num.stream.threads', settings);
    this.#pool = new TaskPool(
      { threads, module, settings, stateFolder, handle: parts.backend.handle },
      {
        commitOffsets: async (group, offsets) => {
          const running = this.#running(group);
          if (running === undefined) throw new TypeError(`group ${group} has left: its offsets are not committed`);
          await running.group.commit(offsets);
        },
        fetchSchema: (id) => options.registry.byId(id),
        onStatus: (tasks, worker, broker) => this.#onStatus(tasks, worker, broker),
        onFailed: (task) => {
          const running = this.#queries.get(task.queryId);
          if (running !== undefined) this.#tasks.failed(running, task);
        },
        onThreadLost: (worker) => this.#deadly.threadEnded(threadName(worker)),
      },
    );
    this.#reads = new ClusterReads({
      member: memberOf(options.listener),
      pool: this.#pool,
      admin: parts.admin,
      clusterId: parts.clusterId,
      readsStandbys: serverOptions.read('ksql.query.pull.enable.standby.reads', settings),
      waitMs: serverOptions.read('ksql.query.pull.forwarding.timeout.ms', settings),
      partitionsOf: async (topic) => (await this.describeTopic(topic))?.partitions ?? 0,
    });
    this.#standbys = new Standbys(settings, this.#pool, this.#reads);
    this.#tasks = new QueryTasks({
      serviceId: this.#serviceId,
      pool: this.#pool,
      reads: this.#reads,
      standbys: this.#standbys,
      deadly: this.#deadly,
      log: options.log,
      onStopped: (queryId, failure) => {
        const logged = this.produce(processingLogTopic(this.#serviceId), [stoppedRecord(queryId, failure)]);
        void logged.catch((reason: unknown) => options.log((reason as Error).message));
      },
    });
  }

  static async open(options: KafkaNodeOptions): Promise<KafkaNode> {
    const { settings, log } = options;
    mkdirSync(options.stateFolder, { recursive: true });
    const lock = new FolderLock(options.stateFolder).hold();
    const kafka = new kafkajs.Kafka(clientConfig(settings, 'admin'));
    const wire = new Wire(settings, 'main');
    const admin = kafka.admin();
    const topics = new Topics(kafka, serverOptions.read('ksql.internal.topic.replicas', settings));
    await untilConnected(settings, [admin, topics, wire], log);
    const { clusterId } = await admin.describeCluster();
    const backend = await RocksBackend.open(join(options.stateFolder, 'db'));
    const node = new KafkaNode(options, { kafka, admin, topics, wire, backend, lock, clusterId });
    await untilBroker(() => node.createTopic(commandTopic(node.#serviceId), commandTopicSettings), log);
    await untilBroker(() => node.createTopic(processingLogTopic(node.#serviceId), processingLogSettings), log);
    await node.commands.open();
    return node;
  }

  #running(group: string): RunningQuery | undefined {
    return [...this.#queries.values()].find((running) => running.groupId === group);
  }

  describeTopic(name: string): Promise<TopicInfo | undefined> {
    return this.#contact.need(() => this.#topics.describe(name));
  }
  listTopics(): Promise<readonly TopicInfo[]> {
    return this.#contact.need(() => this.#topics.list());
  }
  createTopic(name: string, settings: TopicSettings): Promise<void> {
    return this.#contact.need(() => this.#topics.create(name, settings));
  }
  async deleteTopic(name: string): Promise<void> {
    await this.#contact.need(() => this.#topics.delete(name));
    this.#wire.forget([], [name]);
    this.#limited.delete(name);
  }

  produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    return this.#contact.need(async () => {
      const info = await this.#topics.describe(topic);
      if (info === undefined) throw new SqlError('TOPIC_NOT_FOUND', noSpan, { topic });
      await this.#wire.watch([topic]);
      for (const list of listsWithin(records, await this.#largestBatch(topic)))
        await this.#wire.produce(
          batchesOf(list, info.partitions).map((batch) => ({ topic, ...batch })),
          null,
        );
    });
  }

  /** `max.message.bytes` of a topic, asked for once. */
  async #largestBatch(topic: string): Promise<number> {
    if (!this.#limited.has(topic)) await this.#wire.learnLimits([topic]);
    this.#limited.add(topic);
    return this.#wire.limits(topic).bytes;
  }
  readonly #limited = new Set<string>();

  openReader(topic: string, from: 'beginning' | 'end'): Promise<TopicReader> {
    return this.#contact.need(async () => {
      await this.#wire.watch([topic]);
      return KafkaReader.open(new Wire(this.#options.settings, 'reader'), topic, from);
    });
  }

  startPositions(topics: readonly string[]): Promise<StartPositions> {
    return this.#contact.need(() => endsOf(this.#wire, topics));
  }

  /** Starts a query in the background: what it needs is created and joined as soon as the broker lets it. */
  startQuery(query: RunnableQuery): Promise<void> {
    const unstarted = notStarted(query, groupId(this.#serviceId, query.id));
    const options = {
      ...unstarted,
      member: this.#reads.member,
      sessionMs: this.#sessionMs,
      replicas: this.#standbys.replicas,
      pace: this.#pace,
    };
    const running: RunningQuery = {
      ...unstarted,
      group: new QueryGroup(this.#kafka, options, {
        onAssigned: (partitions) => this.#tasks.assign(running, partitions),
        onRebalancing: () => this.#tasks.revoke(running),
        onCrash: (error) => {
          running.error = noted(running.error, error.message);
          this.#options.log(`query ${query.id}: ${error.message}`);
          void this.#tasks.revoke(running);
        },
      }),
    };
    this.#queries.set(query.id, running);
    void this.#begin(running);
    return Promise.resolve();
  }

  async #begin(running: RunningQuery): Promise<void> {
    const { query, layout } = running;
    const isWanted = (): boolean => !this.#closed && !running.hasEnded;
    const create = async (): Promise<void> => {
      if (!isWanted()) return;
      await createInternalTopics(this, layout, running.groupId, deadLetterTopic(this.#serviceId));
    };
    const mayPass = (error: unknown): boolean => {
      const { message } = error as Error;
      if (running.error?.message !== message) this.#options.log(`query ${query.id}: ${message}; trying again`);
      running.error = noted(running.error, message);
      return true;
    };
    await retry(create, { retries: Infinity, firstMs: 100, longestMs: 5000, mayPass });
    running.error = undefined;
    if (isWanted()) await running.group.join();
  }

  #onStatus(tasks: readonly TaskStatus[], worker: number, broker: string | undefined): void {
    if (broker === undefined) this.#unreachable.delete(worker);
    else this.#unreachable.set(worker, noted(this.#unreachable.get(worker), broker));
    for (const task of tasks) {
      const running = this.#queries.get(task.queryId);
      if (running === undefined) continue;
      const report = running.progress.take(task);
      // Reading alone is no success: a commit that fails each time must not be tried ever faster.
      if (report.hasCommitted) {
        running.error = undefined;
        running.backoff.reset();
      }
      if (report.recordsIn > 0 || report.commits > 0) this.#options.onBatch(task.queryId, report);
    }
  }

  async stopQuery(id: string, forget: boolean): Promise<void> {
    const running = this.#queries.get(id);
    if (running === undefined) return;
    // Until its tasks have ended, they commit by its group.
    await this.#tasks.end(running);
    this.#queries.delete(id);
    await running.group.leave();
    if (forget) await this.#forget(running);
  }
  /** Nothing of a query is left: topics, groups, state, and what was kept of them. What cannot be deleted is told. */
  async #forget(running: RunningQuery): Promise<void> {
    const known = await this.#knownTopics([running]).catch(() => []);
    const dropped = droppedQuery(running, partitionsOf(running, known));
    for (const task of dropped.tasks) this.#deadly.forget(task);
    this.#reads.forget(running.groupId);
    const tried = (what: string, action: Promise<void>): Promise<void> =>
      action.catch((reason: unknown) => {
        this.#options.log(`query ${running.query.id}: its ${what} is left: ${(reason as Error).message}`);
      });
    await Promise.all([
      this.#pool.forget(dropped),
      ...internalTopics(running.layout, running.groupId).map((topic) =>
        tried(`topic ${topic}`, this.deleteTopic(topic)),
      ),
      ...readerGroups(running.layout, running.groupId).map((group) =>
        tried(
          `group ${group}`,
          this.#contact.need(() => this.#wire.deleteGroup(group)),
        ),
      ),
    ]);
    this.#wire.forget(dropped.ids, dropped.topics);
  }

  /** Those that there are of the topics that queries read and keep. */
  #knownTopics(queries: readonly RunningQuery[]): Promise<readonly TopicInfo[]> {
    const names = queries.flatMap(({ layout, groupId: group, topics }) => [
      ...topics,
      ...internalTopics(layout, group),
    ]);
    return this.#contact.need(() => this.#topics.list([...new Set(names)]));
  }

  /** Deletes the state of queries that were dropped while this node was away. */
  async forgetDropped(): Promise<void> {
    const queries = [...this.#queries.values()];
    const known = await this.#knownTopics(queries);
    // What is not known is not judged.
    if (queries.some((running) => partitionsOf(running, known) === 0)) return;
    const kept = queries.flatMap((running) => droppedQuery(running, partitionsOf(running, known)).states);
    const count = forgetOthers(this.#backend, kept);
    if (count > 0) this.#options.log(`the state of ${count} tasks of dropped queries is deleted`);
  }

  setPaused(id: string, paused: boolean, skip = 0): Promise<void> {
    const running = this.#queries.get(id);
    return running === undefined ? Promise.resolve() : this.#tasks.setPaused(running, paused, skip);
  }

  status(id: string): QueryStatus | undefined {
    const running = this.#queries.get(id);
    if (running === undefined) return undefined;
    return {
      ...statusOf(running, [...this.#unreachable.values()][0], this.#backend.size),
      standbys: this.#standbys.count(running),
    };
  }

  whereabouts(id: string): Promise<QueryWhereabouts | undefined> {
    return whereaboutsOf(this.#queries.get(id), this.#wire, this.#reads);
  }

  pull(id: string, keys: readonly Row[] | undefined, mode?: ReadMode): Promise<PulledState | undefined> {
    return this.#reads.pull(readQuery(this.#queries.get(id)), keys, mode);
  }
  answerPeer(token: string, request: Buffer): AsyncIterable<Buffer> {
    return this.#reads.answer(token, request, (group) => readQuery(this.#running(group)));
  }

  /** Every worker needs all models: it scores rows itself. */
  readonly putModel = (model: ModelObject): Promise<void> => this.#pool.putModel(model);
  readonly modelStats = (): Promise<readonly VersionStats[]> => this.#pool.modelStats();
  readonly removeModel = (name: string): void => this.#pool.removeModel(name);

  isHealthy(): boolean {
    return !this.#closed && this.#contact.isThere;
  }

  isSettled(): boolean {
    return [...this.#queries.values()].every(hasSettled);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lags.close();
    this.#watch.close();
    const end = async (running: RunningQuery): Promise<void> => {
      await this.#tasks.end(running);
      await running.group.leave();
    };
    await Promise.all([...this.#queries.values()].map(end));
    this.#reads.close();
    await this.#pool.close();
    await this.commands.close();
    await this.#wire.disconnect().catch(() => undefined);
    await this.#topics.disconnect().catch(() => undefined);
    await this.#admin.disconnect().catch(() => undefined);
    await this.#backend.close();
    this.#lock.release();
  }
}
