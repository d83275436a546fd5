import type { Row } from '../../types/sql-type.ts';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { requireVersion } from '../../diagnostics/version.ts';
import type { Change } from '../../runtime/change.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type {
  CommandLog,
  Node,
  ProducedRecord,
  QueryStatus,
  RunnableQuery,
  TopicInfo,
  TopicReader,
  TopicSettings,
} from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { deadLetterTopic } from '../../runtime/sinks/dead-letters.ts';
import { processingLogTopic } from '../../runtime/sinks/processing-log.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { layoutOf } from '../../runtime/task/layout.ts';
import { batchesOf } from '../../runtime/topic-records.ts';
import { EmbeddedLog } from './embedded-log.ts';
import { EmbeddedQuery, type EmbeddedQueryOptions } from './embedded-query.ts';
import { EmbeddedReader } from './embedded-reader.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';

export interface EmbeddedNodeOptions {
  readonly folder: string;
  readonly openBackend: (folder: string) => Promise<StateBackend>;
  readonly models: ModelHost | undefined;
  readonly schemas: SchemaCache;
  readonly serviceId: string;
  readonly sync: boolean;
  readonly onBatch?: EmbeddedQueryOptions['onBatch'];
  /** Is told of the steps of every commit. */
  readonly observe?: CommitObserver;
}

const retentionCheckMs = 60_000;

/** A node with nothing but Node: topics in segment files, state and commands in one database, queries in this process. */
export class EmbeddedNode implements Node {
  readonly kind = 'embedded';
  readonly clusterId: string;
  readonly commands: CommandLog;
  readonly #options: EmbeddedNodeOptions;
  readonly #backend: StateBackend;
  readonly #log: EmbeddedLog;
  readonly #lock: FolderLock;
  readonly #queries = new Map<string, EmbeddedQuery>();
  readonly #retention: NodeJS.Timeout;

  private constructor(options: EmbeddedNodeOptions, backend: StateBackend, lock: FolderLock) {
    this.#options = options;
    this.#backend = backend;
    this.#lock = lock;
    readFolderVersion(backend, options.sync);
    this.#log = new EmbeddedLog({
      folder: join(options.folder, 'log'),
      backend,
      sync: options.sync,
      observe: options.observe,
    });
    this.commands = new StoredCommands(backend, options.sync);
    const stored = backend.getMany([clusterKey])[0];
    this.clusterId = stored?.toString() ?? randomUUID();
    if (stored === undefined) writeOne(backend, clusterKey, Buffer.from(this.clusterId), options.sync);
    this.#log.create(processingLogTopic(options.serviceId), { partitions: 1, replicas: 1, config: {} });
    this.#retention = setInterval(() => this.#log.retain(Date.now()), retentionCheckMs);
    this.#retention.unref();
  }

  static async open(options: EmbeddedNodeOptions): Promise<EmbeddedNode> {
    const lock = new FolderLock(options.folder).hold();
    let backend: StateBackend | undefined;
    try {
      backend = await options.openBackend(join(options.folder, 'db'));
      return new EmbeddedNode(options, backend, lock);
    } catch (error) {
      await backend?.close();
      lock.release();
      throw error;
    }
  }

  describeTopic(name: string): Promise<TopicInfo | undefined> {
    return Promise.resolve(this.#log.info(name));
  }
  listTopics(): Promise<readonly TopicInfo[]> {
    return Promise.resolve(this.#log.names().map((name) => this.#log.info(name)!));
  }
  createTopic(name: string, settings: TopicSettings): Promise<void> {
    this.#log.create(name, settings);
    return Promise.resolve();
  }
  deleteTopic(name: string): Promise<void> {
    this.#log.delete(name);
    return Promise.resolve();
  }

  produce(topic: string, records: readonly ProducedRecord[]): Promise<void> {
    const info = this.#log.info(topic);
    if (info === undefined) return Promise.reject(new SqlError('TOPIC_NOT_FOUND', noSpan, { topic }));
    this.#log.commit({ appends: batchesOf(records, info.partitions).map((each) => ({ topic, ...each })) });
    return Promise.resolve();
  }

  openReader(topic: string, from: 'beginning' | 'end'): Promise<TopicReader> {
    const info = this.#log.info(topic);
    if (info === undefined) return Promise.reject(new SqlError('TOPIC_NOT_FOUND', noSpan, { topic }));
    return Promise.resolve(new EmbeddedReader(this.#log, topic, info.partitions, from));
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
      schemas: this.#options.schemas,
      processingLog: processingLogTopic(this.#options.serviceId),
      deadLetters,
      onBatch: this.#options.onBatch ?? (() => undefined),
    });
    this.#queries.set(query.id, running);
    await running.start();
  }

  async stopQuery(id: string, forget: boolean): Promise<void> {
    const query = this.#queries.get(id);
    this.#queries.delete(id);
    await query?.stop(forget);
  }
  setPaused(id: string, paused: boolean): Promise<void> {
    this.#queries.get(id)?.setPaused(paused);
    return Promise.resolve();
  }
  status(id: string): QueryStatus | undefined {
    return this.#queries.get(id)?.status;
  }
  pull(id: string, key: Row | undefined): Promise<readonly Change[] | undefined> {
    const rows = this.#queries.get(id)?.current(key);
    return Promise.resolve(rows && [...rows]);
  }
  isHealthy(): boolean {
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#retention);
    const stopping = [...this.#queries.values()].map((query) => query.stop(false));
    this.#log.commit({ appends: [] });
    await Promise.all(stopping);
    this.#queries.clear();
    this.#log.close();
    await this.#backend.close();
    this.#lock.release();
  }
}

function writeOne(backend: StateBackend, key: Buffer, value: Buffer, sync: boolean): void {
  const batch = backend.batch();
  batch.put(key, value);
  batch.write(sync);
}

const clusterKey = Buffer.from('cluster');
const versionKey = Buffer.from('version');
/** The version of what the folder holds beside the state of queries: segments, topics and their ends, positions. 0.1.0 wrote none, and is 1. */
const folderVersion = 1;

/** Refuses the folder of another version before anything of it is read. */
function readFolderVersion(backend: StateBackend, sync: boolean): void {
  const stored = backend.getMany([versionKey])[0];
  if (stored === undefined) writeOne(backend, versionKey, Buffer.from(String(folderVersion)), sync);
  else requireVersion('the state folder', Number(stored.toString()), folderVersion);
}

class StoredCommands implements CommandLog {
  readonly #backend: StateBackend;
  readonly #sync: boolean;

  constructor(backend: StateBackend, sync: boolean) {
    this.#backend = backend;
    this.#sync = sync;
  }

  append(command: string, behind: number): Promise<number> {
    writeOne(this.#backend, commandKey(behind + 1), Buffer.from(command), this.#sync);
    return Promise.resolve(behind + 1);
  }
  readAfter(number: number): Promise<readonly { readonly number: number; readonly command: string }[]> {
    const prefix = Buffer.from('c/');
    const entries = [...this.#backend.range(commandKey(number + 1), after(prefix))];
    return Promise.resolve(
      entries.map(([key, value]) => ({ number: Number(key.utf8Slice(2, key.length)), command: value.toString() })),
    );
  }
}
const commandKey = (number: number): Buffer => Buffer.from(`c/${String(number).padStart(12, '0')}`);
