import type { Row } from '../../types/sql-type.ts';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { serverOptions } from '../../config/server-options.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { Change } from '../../runtime/change.ts';
import type { SchemaRegistry } from '../../runtime/ports/schema-registry.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type {
  BatchReport,
  CommandLog,
  Node,
  ProducedRecord,
  QueryStatus,
  RunnableQuery,
  TopicInfo,
  TopicReader,
  TopicSettings,
} from '../../runtime/ports/node.ts';
import { deadLetterTopic } from '../../runtime/sinks/dead-letters.ts';
import { processingLogTopic } from '../../runtime/sinks/processing-log.ts';
import { layoutOf } from '../../runtime/task/layout.ts';
import type { ModelObject } from '../../types/model.ts';
import { Backoff, retry } from '../../util/retry.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';
import { RocksBackend } from '../rocksdb/rocks-backend.ts';
import { batchesOf } from '../../runtime/topic-records.ts';
import { clientConfig, type ClientSettings } from './client-config.ts';
import { createInternalTopics, internalTopics } from './internal-topics.ts';
import { commandTopic, groupId, readerGroup } from './names.ts';
import { KafkaCommands } from './kafka-commands.ts';
import { KafkaReader } from './kafka-reader.ts';
import { QueryGroup } from './query-group.ts';
import { statusOf, type RunningQuery } from './running-query.ts';
import type { FailedTask, KafkaTaskSpec, TaskStatus } from './task-worker.ts';
import { TaskPool } from './task-pool.ts';
import { Wire } from './wire.ts';

export interface KafkaNodeOptions {
  readonly settings: ClientSettings;
  readonly stateFolder: string;
  /** The module of a worker thread. */
  readonly worker: URL;
  readonly models: ModelHost | undefined;
  readonly registry: SchemaRegistry;
  readonly onBatch: (query: string, report: BatchReport) => void;
  readonly log: (text: string) => void;
}

/** A member of a Kafka cluster: groups spread the tasks, transactions commit them, changelogs hold their state. */
export class KafkaNode implements Node {
  readonly kind = 'kafka';
  readonly clusterId: string;
  readonly commands: CommandLog;
  readonly #options: KafkaNodeOptions;
  readonly #serviceId: string;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #wire: Wire;
  readonly #backend: RocksBackend;
  readonly #lock: FolderLock;
  readonly #pool: TaskPool;
  readonly #queries = new Map<string, RunningQuery>();
  /** Why each worker that cannot fetch cannot. */
  readonly #unreachable = new Map<number, string>();
  #closed = false;

  private constructor(
    options: KafkaNodeOptions,
    parts: { kafka: Kafka; admin: Admin; wire: Wire; backend: RocksBackend; lock: FolderLock; clusterId: string },
  ) {
    this.#options = options;
    this.#serviceId = serverOptions.read('ksql.service.id', options.settings);
    this.#kafka = parts.kafka;
    this.#admin = parts.admin;
    this.#wire = parts.wire;
    this.#backend = parts.backend;
    this.#lock = parts.lock;
    this.clusterId = parts.clusterId;
    this.commands = new KafkaCommands(
      parts.kafka,
      parts.wire,
      commandTopic(this.#serviceId),
      `_millrace-${this.#serviceId}_command_writer`,
    );
    const { settings, worker: module } = options;
    const threads = serverOptions.read('ksql.streams.num.stream.threads', settings);
    this.#pool = new TaskPool(
      { threads, module, settings, handle: parts.backend.handle },
      {
        commitOffsets: (group, offsets) => this.#running(group)?.group.commit(offsets) ?? Promise.resolve(),
        fetchSchema: (id) => options.registry.byId(id),
        onStatus: (tasks, worker, broker) => this.#onStatus(tasks, worker, broker),
        onFailed: (task) => this.#onFailed(task),
      },
    );
  }

  static async open(options: KafkaNodeOptions): Promise<KafkaNode> {
    const { settings, log } = options;
    mkdirSync(options.stateFolder, { recursive: true });
    const lock = new FolderLock(options.stateFolder).hold();
    const { Kafka: KafkaClass } = kafkajs;
    const kafka = new KafkaClass(clientConfig(settings, 'millrace'));
    const wire = new Wire(settings, 'millrace-main');
    const admin = kafka.admin();
    const connect = async (): Promise<void> => {
      await admin.connect();
      await wire.connect();
    };
    // A node may be started before its brokers: it waits for them.
    const mayPass = (error: unknown): boolean => {
      log(`no Kafka broker answers at ${settings['bootstrap.servers']!}: ${(error as Error).message}; trying again`);
      return true;
    };
    await retry(connect, { retries: Infinity, firstMs: 500, longestMs: 10_000, mayPass });
    const { clusterId } = await admin.describeCluster();
    const backend = await RocksBackend.open(join(options.stateFolder, 'db'));
    const node = new KafkaNode(options, { kafka, admin, wire, backend, lock, clusterId });
    const replicas = serverOptions.read('ksql.internal.topic.replicas', settings);
    await node.createTopic(commandTopic(node.#serviceId), {
      partitions: 1,
      replicas,
      config: { 'retention.ms': '-1', 'cleanup.policy': 'delete' },
    });
    await node.createTopic(processingLogTopic(node.#serviceId), { partitions: 1, replicas, config: {} });
    return node;
  }

  #running(group: string): RunningQuery | undefined {
    return [...this.#queries.values()].find(({ query }) => groupId(this.#serviceId, query.id) === group);
  }

  async describeTopic(name: string): Promise<TopicInfo | undefined> {
    try {
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] });
      const found = topics[0];
      return (
        found && { name, partitions: found.partitions.length, replicas: found.partitions[0]?.replicas.length ?? 1 }
      );
    } catch (error) {
      if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw error;
    }
  }
  async listTopics(): Promise<readonly TopicInfo[]> {
    const { topics } = await this.#admin.fetchTopicMetadata();
    return topics
      .map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 1,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  async createTopic(name: string, { partitions, replicas, config }: TopicSettings): Promise<void> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await this.#admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: name,
          numPartitions: partitions,
          replicationFactor: replicas ?? serverOptions.read('ksql.internal.topic.replicas', this.#options.settings),
          configEntries,
        },
      ],
    });
  }
  async deleteTopic(name: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [name] }).catch(() => undefined);
  }

  async produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    const info = await this.describeTopic(topic);
    if (info === undefined) throw new SqlError('TOPIC_NOT_FOUND', noSpan, { topic });
    await this.#wire.watch([topic]);
    await this.#wire.produce(
      batchesOf(records, info.partitions).map((each) => ({ topic, ...each })),
      null,
    );
  }

  async openReader(topic: string, from: 'beginning' | 'end'): Promise<TopicReader> {
    await this.#wire.watch([topic]);
    return KafkaReader.open(new Wire(this.#options.settings, 'millrace-reader'), topic, from);
  }

  async startQuery(query: RunnableQuery): Promise<void> {
    const group = groupId(this.#serviceId, query.id);
    const layout = layoutOf(query.plan);
    const topics = await createInternalTopics(this, layout, group);
    if (layout.hasDeadLetters)
      await this.createTopic(deadLetterTopic(this.#serviceId), { partitions: 1, replicas: undefined, config: {} });
    const running: RunningQuery = {
      query,
      layout,
      tasks: new Map(),
      status: new Map(),
      partitions: [],
      error: undefined,
      paused: query.paused,
      rebalancing: true,
      backoff: new Backoff({ firstMs: 400, longestMs: 30_000 }),
      transition: Promise.resolve(),
      group: new QueryGroup(this.#kafka, group, topics, `${hostname()}:${process.pid}`, {
        onAssigned: (partitions) => this.#assign(running, partitions),
        onRebalancing: () => this.#revoke(running),
        onCrash: (error) => {
          running.error = error.message;
          this.#options.log(`query ${query.id}: ${error.message}`);
          this.#revoke(running);
        },
      }),
    };
    this.#queries.set(query.id, running);
    await running.group.join();
  }

  #assign(running: RunningQuery, partitions: readonly number[]): void {
    running.partitions = partitions;
    running.error = undefined;
    running.rebalancing = false;
    running.transition = running.transition.then(() => {
      if (!running.paused && !this.#closed && !running.rebalancing) this.#startTasks(running);
    });
  }

  #startTasks(running: RunningQuery): void {
    const { query, layout, partitions, tasks } = running;
    const { plan, properties, id } = query;
    const group = groupId(this.#serviceId, id);
    const settings = runSettings(properties);
    const { exactlyOnce } = settings;
    for (const { index, hasState } of layout.parts) {
      for (const partition of partitions) {
        const taskId = `${group}/${index}_${partition}`;
        if (tasks.has(taskId)) continue;
        const spec: KafkaTaskSpec = {
          id: taskId,
          log: { group, part: index, partition, exactlyOnce, hasState },
          task: {
            queryId: id,
            plan,
            part: { index, partition },
            settings,
            processingLog: processingLogTopic(this.#serviceId),
            deadLetters: deadLetterTopic(this.#serviceId),
          },
        };
        tasks.set(taskId, spec);
        this.#pool.start(spec);
      }
    }
  }

  #revoke(running: RunningQuery): void {
    running.rebalancing = true;
    running.transition = running.transition.then(() => this.#stopTasks(running, false));
  }
  async #stopTasks(running: RunningQuery, forget: boolean): Promise<void> {
    const ids = [...running.tasks.keys()];
    running.tasks.clear();
    await Promise.all(ids.map((id) => this.#pool.stop(id, forget)));
  }

  #onStatus(tasks: readonly TaskStatus[], worker: number, broker: string | undefined): void {
    const before = this.#unreachable.get(worker);
    if (broker !== undefined && before === undefined)
      this.#options.log(`the broker does not answer: ${broker}; trying again`);
    if (broker === undefined && before !== undefined) this.#options.log('the broker answers again');
    if (broker === undefined) this.#unreachable.delete(worker);
    else this.#unreachable.set(worker, broker);
    for (const task of tasks) {
      const running = this.#queries.get(task.queryId);
      const known = running?.status.get(task.id);
      running?.status.set(task.id, task);
      // One that was started anew counts from nothing.
      const before = known !== undefined && known.batches <= task.batches ? known : undefined;
      const read = task.in - (before?.in ?? 0);
      if (running !== undefined && read > 0) {
        running.error = undefined;
        running.backoff.reset();
        const batches = task.batches - (before?.batches ?? 0);
        this.#options.onBatch(task.queryId, {
          recordsIn: read,
          recordsOut: task.out - (before?.out ?? 0),
          seconds: (task.batchMs - (before?.batchMs ?? 0)) / Math.max(1, batches) / 1000,
          commits: task.commits - (before?.commits ?? 0),
        });
      }
    }
  }

  /** A task that failed is taken over again after a while; one that was fenced has another owner by now. */
  #onFailed({ id, queryId, error, fenced }: FailedTask): void {
    const running = this.#queries.get(queryId) ?? [...this.#queries.values()].find(({ tasks }) => tasks.has(id));
    const spec = running?.tasks.get(id);
    if (running === undefined || spec === undefined) return;
    running.error = error;
    this.#options.log(
      `query ${running.query.id}, task ${spec.log.part}_${spec.log.partition}: ${error}${fenced ? ' (another node has taken it over)' : ''}`,
    );
    setTimeout(() => {
      if (running.tasks.get(id) === spec && !running.rebalancing && !running.paused && !this.#closed)
        this.#pool.start(spec);
    }, running.backoff.next()).unref();
  }

  async stopQuery(id: string, forget: boolean): Promise<void> {
    const running = this.#queries.get(id);
    if (running === undefined) return;
    this.#queries.delete(id);
    await this.#stopTasks(running, forget);
    await running.group.leave();
    if (!forget) return;
    const group = groupId(this.#serviceId, id);
    for (const topic of internalTopics(running.layout, group)) await this.deleteTopic(topic);
    const groups = Array.from({ length: running.layout.readers }, (_, reader) => readerGroup(group, reader));
    await this.#admin.deleteGroups(groups).catch(() => undefined);
  }

  async setPaused(id: string, paused: boolean): Promise<void> {
    const running = this.#queries.get(id);
    if (running === undefined || running.paused === paused) return;
    running.paused = paused;
    if (paused) await this.#stopTasks(running, false);
    else this.#startTasks(running);
  }

  status(id: string): QueryStatus | undefined {
    const running = this.#queries.get(id);
    if (running === undefined) return undefined;
    return statusOf(running, [...this.#unreachable.values()][0], this.#backend.size);
  }

  pull(id: string, key: Row | undefined): Promise<readonly Change[] | undefined> {
    return this.#queries.has(id) ? this.#pool.pull(id, key) : Promise.resolve(undefined);
  }

  /** Workers score rows themselves: they need every model. */
  putModel(model: ModelObject): void {
    this.#pool.putModel(model);
  }

  isHealthy(): boolean {
    return !this.#closed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const running of this.#queries.values()) {
      await this.#stopTasks(running, false);
      await running.group.leave();
    }
    await this.#pool.close();
    await (this.commands as KafkaCommands).close();
    await this.#wire.disconnect().catch(() => undefined);
    await this.#admin.disconnect().catch(() => undefined);
    await this.#backend.close();
    this.#lock.release();
  }
}
