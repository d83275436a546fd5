import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../../runtime/change.ts';
import type { WantedNearest } from '../../runtime/nearest/nearest-rows.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { OnlineStores } from '../../runtime/ports/online-store.ts';
import type { BatchReport, QueryStatus, QueryWhereabouts, RunnableQuery } from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { eachBatch, runSettings } from '../../runtime/run-settings.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { layoutOf } from '../../runtime/task/layout.ts';
import type { DeadlyWork, WorkMarks } from '../rocksdb/work-marks.ts';
import { stoppedRecord } from '../../runtime/sinks/processing-log.ts';
import { batchesOf } from '../../runtime/topic-records.ts';
import { deadlyWork, type Attempt, type TaskFailure } from '../../runtime/task/attempt.ts';
import { TaskRunner } from '../../runtime/task/runner.ts';
import { Task } from '../../runtime/task/task.ts';
import type { Pauses } from '../../util/retry.ts';
import type { EmbeddedLog } from './embedded-log.ts';
import { EmbeddedTaskLog, positionsPrefix } from './embedded-task-log.ts';

export interface EmbeddedQueryOptions {
  readonly query: RunnableQuery;
  readonly log: EmbeddedLog;
  readonly backend: StateBackend;
  readonly models: ModelHost | undefined;
  readonly stores?: OnlineStores | undefined;
  readonly schemas: SchemaCache;
  readonly processingLog: string;
  readonly deadLetters: string;
  readonly onBatch: (query: string, report: BatchReport) => void;
  readonly pauses?: Pauses | undefined;
  readonly marks: WorkMarks;
  readonly deadly: DeadlyWork;
}

/** A persistent query on the embedded log: one task for the whole plan, which commits every micro-batch. */
export class EmbeddedQuery {
  readonly #options: EmbeddedQueryOptions;
  readonly #statePrefix: Buffer;
  /** The topic of each source: one that several sources read is there so often. */
  readonly #sourceTopics: readonly string[];
  readonly #runner: TaskRunner;

  constructor(options: EmbeddedQueryOptions) {
    const { query, log, deadly } = options;
    this.#options = options;
    this.#statePrefix = statePrefix(query.id);
    this.#sourceTopics = layoutOf(query.plan).parts.flatMap(({ sourceTopics }) => sourceTopics);
    const topics = this.#sourceTopics;
    this.#runner = new TaskRunner({
      open: (attempt) => this.#open(attempt),
      watch: (event) => log.watch(topics, event),
      paused: query.paused,
      attempt: deadly.attempt(query.id),
      stands: deadly.has(query.id) ? deadlyWork(`query ${query.id}`) : undefined,
      onBatch: (report) => options.onBatch(query.id, report),
      onStopped: (failure) => this.#logStopped(failure),
      ...(options.pauses === undefined ? {} : { pauses: options.pauses }),
    });
  }

  #open(attempt: Attempt | undefined): Task {
    const { query, log, backend, models, stores, schemas, processingLog, deadLetters, marks } = this.#options;
    const { id: queryId, plan, properties, start, erased } = query;
    const taskLog = new EmbeddedTaskLog(log, backend, queryId);
    const settings = { ...runSettings(properties), commit: eachBatch };
    return new Task(
      { queryId, plan, part: undefined, settings, processingLog, deadLetters, start, erased, attempt },
      {
        log: taskLog,
        output: taskLog,
        backend,
        statePrefix: this.#statePrefix,
        models,
        stores,
        schemas,
        observe: log.observe,
        mark: marks.of(query.id),
      },
    );
  }

  #logStopped(failure: TaskFailure): void {
    const { query, log, processingLog } = this.#options;
    const appends = batchesOf([stoppedRecord(query.id, failure)], 1);
    try {
      log.commit({ appends: appends.map((append) => ({ topic: processingLog, ...append })) });
    } catch {
      // Writing to the log may fail too, on a full disk; the query's status has the error as well.
    }
  }

  start(): Promise<void> {
    return this.#runner.start();
  }
  setPaused(paused: boolean, skip: number): void {
    if (!paused) this.#options.deadly.forget(this.#options.query.id);
    this.#runner.setPaused(paused, skip);
  }
  get status(): QueryStatus {
    return this.#runner.status;
  }
  /** Of a topic that it reads several times, where its first reader is. */
  async whereabouts(): Promise<QueryWhereabouts> {
    const { query, log, backend } = this.#options;
    const readings = [...new Set(this.#sourceTopics)].flatMap((topic) =>
      Array.from({ length: log.info(topic)?.partitions ?? 0 }, (_, partition) => ({ topic, partition, reader: 0 })),
    );
    const committed = await new EmbeddedTaskLog(log, backend, query.id).committed(readings);
    const positions = readings.map(({ topic, partition }, i) => {
      const { start = 0, committed: end = 0 } = log.partition(topic, partition) ?? {};
      const first = query.start?.[topic]?.[partition] ?? start;
      return { topic, partition, start, end, committed: Math.max(start, committed[i] ?? first) };
    });
    return { group: query.id, positions, hosts: undefined };
  }
  /** The first offset of a partition that it has still to read, by what is committed; Infinity of a topic that it does not read. */
  async neededFrom(topic: string, partition: number): Promise<number> {
    const { query, log, backend } = this.#options;
    const readers = this.#sourceTopics.filter((name) => name === topic);
    if (readers.length === 0) return Infinity;
    const readings = readers.map((_, reader) => ({ topic, partition, reader }));
    const committed = await new EmbeddedTaskLog(log, backend, query.id).committed(readings);
    return Math.min(...committed.map((offset) => offset ?? query.start?.[topic]?.[partition] ?? 0));
  }
  current(key: Row | undefined, at?: number): Iterable<Change> | undefined {
    return this.#runner.current(key, at);
  }
  nearest(wanted: WantedNearest): Promise<readonly Change[] | undefined> | undefined {
    return this.#runner.nearest(wanted);
  }

  async stop(forget: boolean): Promise<void> {
    const { query, log, backend, marks, deadly } = this.#options;
    await this.#runner.stop();
    marks.forget(query.id);
    if (!forget) return;
    deadly.forget(query.id);
    backend.deleteRange(this.#statePrefix, after(this.#statePrefix));
    new EmbeddedTaskLog(log, backend, query.id).forget();
  }
}

const statePrefix = (id: string): Buffer => Buffer.from(`s/${id}/`);

/** Deletes the state and the positions of all queries but these: what is left of those that were being dropped when the node died. */
export function forgetOthers(backend: StateBackend, ids: readonly string[]): void {
  for (const [all, prefixOf] of [
    [Buffer.from('s/'), statePrefix],
    [Buffer.from('o/'), positionsPrefix],
  ] as const) {
    let from: Buffer = all;
    const skipTo = (to: Buffer, next: Buffer): void => {
      if (from.compare(to) < 0 && backend.last(from, to) !== undefined) backend.deleteRange(from, to);
      if (from.compare(next) < 0) from = next;
    };
    for (const kept of ids.map(prefixOf).sort((a, b) => a.compare(b))) skipTo(kept, after(kept));
    skipTo(after(all), after(all));
  }
}
