import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../../runtime/change.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { BatchReport, QueryStatus, RunnableQuery } from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { TaskRunner } from '../../runtime/task/runner.ts';
import { Task } from '../../runtime/task/task.ts';
import type { EmbeddedLog } from './embedded-log.ts';
import { EmbeddedTaskLog } from './embedded-task-log.ts';

export interface EmbeddedQueryOptions {
  readonly query: RunnableQuery;
  readonly log: EmbeddedLog;
  readonly backend: StateBackend;
  readonly models: ModelHost | undefined;
  readonly schemas: SchemaCache;
  readonly processingLog: string;
  readonly deadLetters: string;
  readonly onBatch: (query: string, report: BatchReport) => void;
}

/** A persistent query on the embedded log: one task for all of it, which commits every micro-batch. */
export class EmbeddedQuery {
  readonly #options: EmbeddedQueryOptions;
  readonly #statePrefix: Buffer;
  readonly #runner: TaskRunner;

  constructor(options: EmbeddedQueryOptions) {
    const { query, log } = options;
    this.#options = options;
    this.#statePrefix = Buffer.from(`s/${query.id}/`);
    this.#runner = new TaskRunner({
      open: () => this.#open(),
      wait: (ms) => log.wait(ms),
      paused: query.paused,
      onBatch: (report) => options.onBatch(query.id, report),
    });
  }

  async #open(): Promise<Task> {
    const { query, log, backend, models, schemas, processingLog, deadLetters } = this.#options;
    const { id: queryId, plan, properties } = query;
    const taskLog = new EmbeddedTaskLog(log, backend, queryId);
    const settings = { ...runSettings(properties), commitMs: 0 };
    const task = new Task(
      { queryId, plan, part: undefined, settings, processingLog, deadLetters },
      {
        log: taskLog,
        output: taskLog,
        backend,
        statePrefix: this.#statePrefix,
        models,
        schemas,
        observe: log.observe,
      },
    );
    await task.start();
    return task;
  }

  start(): Promise<void> {
    return this.#runner.start();
  }
  setPaused(paused: boolean): void {
    this.#runner.setPaused(paused);
  }
  get status(): QueryStatus {
    return this.#runner.status;
  }
  current(key: Row | undefined): Iterable<Change> | undefined {
    return this.#runner.current(key);
  }

  async stop(forget: boolean): Promise<void> {
    const { query, log, backend } = this.#options;
    const stopped = this.#runner.stop();
    log.wake();
    await stopped;
    if (!forget) return;
    backend.deleteRange(this.#statePrefix, after(this.#statePrefix));
    new EmbeddedTaskLog(log, backend, query.id).forget();
  }
}
