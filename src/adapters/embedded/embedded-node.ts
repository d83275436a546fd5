import type { Row } from '../../types/sql-type.ts';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Change } from '../../runtime/change.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { OnlineStores } from '../../runtime/ports/online-store.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type {
  CommandLog,
  LogCleaning,
  Node,
  ProducedRecord,
  QueryStatus,
  QueryWhereabouts,
  ReadMode,
  RunnableQuery,
  StartPositions,
  TopicInfo,
  TopicReader,
  TopicSettings,
} from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { deadLetterTopic } from '../../runtime/sinks/dead-letters.ts';
import { inBatches } from '../../runtime/pulled-rows.ts';
import { processingLogTopic } from '../../runtime/sinks/processing-log.ts';
import { layoutOf } from '../../runtime/task/layout.ts';
import { batchesOf } from '../../runtime/topic-records.ts';
import type { Pauses } from '../../util/retry.ts';
import { EmbeddedLog } from './embedded-log.ts';
import { LogCleaner } from './log-cleaner.ts';
import { logDefaults, readFolderVersion, type LogSettings } from './log-entries.ts';
import { nodeFiles, type LogFiles } from './log-files.ts';
import { StoredCommands } from './stored-commands.ts';
import { openVerified, type VerifiedState } from './verified-state.ts';
import { EmbeddedQuery, forgetOthers, type EmbeddedQueryOptions } from './embedded-query.ts';
import { EmbeddedReader } from './embedded-reader.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';
import { DeadlyWork, WorkMarks } from '../rocksdb/work-marks.ts';

export interface EmbeddedNodeOptions {
  readonly folder: string;
  readonly openBackend: (folder: string) => Promise<StateBackend>;
  readonly models: ModelHost | undefined;
  readonly stores?: OnlineStores | undefined;
  readonly schemas: SchemaCache;
  readonly serviceId: string;
  readonly sync: boolean;
  readonly onBatch?: EmbeddedQueryOptions['onBatch'];
  /** Observes the steps of every commit. */
  readonly observe?: CommitObserver;
  /** How topics are kept. */
  readonly settings?: LogSettings | undefined;
  /** The file system of the segments, for tests. */
  readonly files?: LogFiles | undefined;
  /** The pauses of a query between attempts, for tests. */
  readonly pauses?: Pauses | undefined;
  /** Told of damage that does not stop the node. */
  readonly log?: (text: string) => void;
}

const retentionCheckMs = 5000;

/** A node in one process, without a broker: topics in segment files, state and commands in one database. */
export class EmbeddedNode implements Node {
  readonly kind = 'embedded';
  readonly clusterId: string;
  readonly commands: CommandLog;
  readonly #options: EmbeddedNodeOptions;
  readonly #backend: StateBackend;
  readonly #log: EmbeddedLog;
  readonly #lock: FolderLock;
  #closing: Promise<void> | undefined;
  readonly #queries = new Map<string, EmbeddedQuery>();
  /** Those that were stopped to be started again: they go on where they were. */
  readonly #between = new Map<string, EmbeddedQuery>();
  readonly #retention: NodeJS.Timeout;
  #cleaner: LogCleaner | undefined;
  readonly #state: VerifiedState;
  readonly #deadly: DeadlyWork;
  readonly #marks: WorkMarks;

  private constructor(options: EmbeddedNodeOptions, state: VerifiedState, lock: FolderLock) {
    this.#options = options;
    const { backend } = state;
    this.#state = state;
    this.#backend = backend;
    this.#lock = lock;
    this.#deadly = new DeadlyWork(options.folder);
    this.#marks = new WorkMarks(options.folder, 'main');
    readFolderVersion(backend, options.sync);
    this.#log = new EmbeddedLog({
      folder: join(options.folder, 'log'),
      backend,
      sync: options.sync,
      observe: options.observe,
      files: options.files,
      mark: state.mark,
      keep: state.keep,
      settings: options.settings,
    });
    for (const damage of this.#log.damages) options.log?.(`damaged: ${damage}; "millrace check" says what can be read`);
    this.commands = new StoredCommands(backend, this.#log, (options.settings ?? logDefaults).isCleaned);
    const stored = backend.getMany([clusterKey])[0];
    this.clusterId = stored?.toString() ?? randomUUID();
    if (stored === undefined) writeEntry(backend, clusterKey, Buffer.from(this.clusterId), options.sync);
    this.#log.create(processingLogTopic(options.serviceId), { partitions: 1, replicas: 1, config: {} });
    this.#retention = setInterval(() => this.#retain(), retentionCheckMs);
    this.#retention.unref();
  }

  static async open(options: EmbeddedNodeOptions): Promise<EmbeddedNode> {
    const lock = new FolderLock(options.folder).hold();
    let state: VerifiedState | undefined;
    try {
      state = await openVerified(options.folder, { ...options, files: options.files ?? nodeFiles });
      return new EmbeddedNode(options, state, lock);
    } catch (error) {
      await state?.backend.close();
      lock.release();
      throw error;
    }
  }

  #retain(): void {
    try {
      if (this.#log.isReady) this.#log.retain(Date.now());
    } catch {
      // A disk that takes nothing is told of by who must write to it; the next round tries again.
    }
  }

  /** All queries have been started: from now on it is known what they have still to read, and the log may be compacted. */
  forgetDropped(): Promise<void> {
    const { settings = logDefaults, files = nodeFiles, log: say = () => undefined } = this.#options;
    if (this.#closing !== undefined) return Promise.resolve();
    forgetOthers(this.#backend, [...this.#queries.keys(), ...this.#between.keys()]);
    if (!settings.isCleaned) return Promise.resolve();
    const neededFrom = async (topic: string, partition: number): Promise<number> => {
      const queries = [...this.#queries.values(), ...this.#between.values()];
      const positions = queries.map((query) => query.neededFrom(topic, partition));
      return Math.min(Infinity, ...(await Promise.all(positions)));
    };
    this.#cleaner ??= new LogCleaner({ log: this.#log, files, settings, neededFrom, say });
    return Promise.resolve();
  }
  /** Compacts what there is to compact, as it does by itself. */
  async compact(): Promise<void> {
    await this.#cleaner?.round();
  }
  async logCleaning(): Promise<LogCleaning | undefined> {
    return this.#cleaner?.figures();
  }

  describeTopic(name: string): Promise<TopicInfo | undefined> {
    return Promise.resolve(this.#log.info(name));
  }
  listTopics(): Promise<readonly TopicInfo[]> {
    return Promise.resolve(this.#log.names().map((name) => this.#log.info(name)!));
  }
  createTopic(name: string, settings: TopicSettings): Promise<void> {
    return this.#log.whenReady(() => this.#log.create(name, settings));
  }
  deleteTopic(name: string): Promise<void> {
    return this.#log.whenReady(() => this.#log.delete(name));
  }

  produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    const info = this.#log.info(topic);
    if (info === undefined) return Promise.reject(new SqlError('TOPIC_NOT_FOUND', noSpan, { topic }));
    return this.#log.whenReady(() =>
      this.#log.commit({ appends: batchesOf(records, info.partitions).map((append) => ({ topic, ...append })) }),
    );
  }

  openReader(topic: string, from: 'beginning' | 'end'): Promise<TopicReader> {
    const info = this.#log.info(topic);
    if (info === undefined) return Promise.reject(new SqlError('TOPIC_NOT_FOUND', noSpan, { topic }));
    return Promise.resolve(new EmbeddedReader(this.#log, topic, info.partitions, from));
  }

  startPositions(topics: readonly string[]): Promise<StartPositions> {
    const ends = topics.map((topic): [string, number[]] => [
      topic,
      new EmbeddedReader(this.#log, topic, this.#log.info(topic)?.partitions ?? 0, 'end').positions,
    ]);
    return Promise.resolve(Object.fromEntries(ends));
  }

  async startQuery(query: RunnableQuery): Promise<void> {
    const deadLetters = deadLetterTopic(this.#options.serviceId);
    if (layoutOf(query.plan).hasDeadLetters && this.#log.info(deadLetters) === undefined)
      this.#log.create(deadLetters, { partitions: 1, replicas: 1, config: {} });
    const running = new EmbeddedQuery({
      query,
      log: this.#log,
      backend: this.#backend,
      models: this.#options.models,
      stores: this.#options.stores,
      schemas: this.#options.schemas,
      processingLog: processingLogTopic(this.#options.serviceId),
      deadLetters,
      onBatch: this.#options.onBatch ?? (() => undefined),
      pauses: this.#options.pauses,
      marks: this.#marks,
      deadly: this.#deadly,
    });
    this.#queries.set(query.id, running);
    this.#between.delete(query.id);
    await running.start();
    if (this.#deadly.has(query.id)) this.#options.log?.(`query ${query.id} ${running.status.error!}`);
  }

  async stopQuery(id: string, forget: boolean): Promise<void> {
    const query = this.#queries.get(id);
    this.#queries.delete(id);
    if (forget) this.#between.delete(id);
    else if (query !== undefined) this.#between.set(id, query);
    await query?.stop(forget);
  }
  setPaused(id: string, paused: boolean, skip = 0): Promise<void> {
    this.#queries.get(id)?.setPaused(paused, skip);
    return Promise.resolve();
  }
  status(id: string): QueryStatus | undefined {
    return this.#queries.get(id)?.status;
  }
  async whereabouts(id: string): Promise<QueryWhereabouts | undefined> {
    return this.#queries.get(id)?.whereabouts();
  }
  async pull(
    id: string,
    keys: readonly Row[] | undefined,
    { nearest, at }: ReadMode = {},
  ): Promise<AsyncIterable<readonly Change[]> | undefined> {
    const query = this.#queries.get(id);
    const rows = nearest && (await query?.nearest(nearest));
    if (rows !== undefined) return inBatches([rows]);
    const lists = (keys ?? [undefined]).map((key) => query?.current(key, at));
    return lists.every((rows) => rows !== undefined) ? inBatches(lists) : undefined;
  }
  isHealthy(): boolean {
    return this.#log.isReady;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }
  async #close(): Promise<void> {
    clearInterval(this.#retention);
    await this.#cleaner?.close();
    await Promise.all([...this.#queries.values()].map((query) => query.stop(false)));
    this.#queries.clear();
    const { number, isReady } = this.#log;
    this.#log.close();
    this.#marks.close();
    try {
      // After a write that failed the database closes with that error; the next start looks at what it holds.
      await this.#backend.close().catch((error: unknown) => {
        if (isReady) throw error;
      });
      if (isReady) this.#state.mark.close(number);
    } finally {
      this.#lock.release();
    }
  }
}

function writeEntry(backend: StateBackend, key: Buffer, value: Buffer, sync: boolean): void {
  const batch = backend.batch();
  batch.put(key, value);
  batch.write(sync);
}

const clusterKey = Buffer.from('cluster');
