import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { sourcesOf } from '../plan/physical/topology.ts';
import { hasNull, type Change } from '../runtime/change.ts';
import { inBatches } from '../runtime/pulled-rows.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import type { RunSettings } from '../runtime/run-settings.ts';
import { ErrorCollector } from '../runtime/task/error-collector.ts';
import { ReaderLog } from '../runtime/task/reader-log.ts';
import { Task } from '../runtime/task/task.ts';
import type { Value } from '../types/sql-type.ts';
import { transientId, type ClientRow, type QueryStream } from './client-rows.ts';
import type { Engine } from './engine.ts';
import { openReaders, readsFromBeginning } from './open-readers.ts';
import { RowSink } from './row-sink.ts';
import type { Session } from './session.ts';

export interface TransientOptions {
  readonly isPull: boolean;
  readonly limit: number | undefined;
  readonly name: string;
  /** A scalable push query of ksqlDB: reads the result of a persistent query from now on. */
  readonly isScalable: boolean;
  readonly backend: StateBackend;
  readonly settings: RunSettings;
  readonly onEnd: (id: string) => void;
}

const pollMs = 100;

/** A query over topics that runs until its client disconnects; its state is in memory. */
export class TransientQuery implements QueryStream {
  readonly id: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly StepColumn[];
  finalMessage: string | undefined;
  readonly #task: Task;
  readonly #log: ReaderLog;
  readonly #sink: RowSink;
  readonly #options: TransientOptions;
  readonly #keySlots: readonly number[];
  readonly #isTable: boolean;
  #closed = false;

  private constructor(id: string, task: Task, log: ReaderLog, sink: RowSink, options: TransientOptions) {
    const { plan } = task.spec;
    this.id = id;
    this.kind = options.isPull ? 'pull' : 'push';
    this.columns = plan.root.columns.map((column) => ({ ...column, role: 'value' as const }));
    this.#isTable = plan.shape === 'TABLE';
    this.#task = task;
    this.#log = log;
    this.#sink = sink;
    this.#options = options;
    this.#keySlots = plan.root.columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  }

  static async open(
    plan: PhysicalPlan,
    engine: Engine,
    session: Session,
    options: TransientOptions,
  ): Promise<TransientQuery> {
    const id = transientId(options.name, options.isScalable);
    const { isPull, isScalable } = options;
    // Pull queries read all that there is.
    const isEarliest = isPull || session.read('auto.offset.reset');
    const readers = await openReaders(plan, (source) =>
      engine.node.openReader(source.topic, readsFromBeginning(source, isScalable, isEarliest) ? 'beginning' : 'end'),
    );
    const log = new ReaderLog(readers);
    const sink = new RowSink();
    const task = new Task(
      {
        queryId: id,
        plan,
        part: undefined,
        partitions: 1,
        settings: options.settings,
        processingLog: '',
        deadLetters: '',
        erased: engine.catalog.erasedOf(sourcesOf(plan).map(({ source }) => source.name)),
      },
      {
        log,
        output: undefined,
        backend: options.backend,
        statePrefix: Buffer.from('transient/'),
        models: engine.models,
        schemas: engine.schemas,
        sinks: () => [sink],
        errors: new ErrorCollector(id, false),
      },
    );
    await task.start();
    return new TransientQuery(id, task, log, sink, options);
  }

  async *rows(): AsyncIterable<readonly ClientRow[]> {
    let left = this.#options.limit ?? Infinity;
    try {
      if (left === 0) this.finalMessage = 'Limit Reached';
      while (!this.#closed && left > 0) {
        if (this.#options.isPull && this.#log.caughtUp && this.#task.inputs.every(({ isEmpty }) => isEmpty)) {
          if (this.#isTable) yield* this.#groups(left);
          this.finalMessage = 'Query Completed';
          return;
        }
        const worked = await this.#task.step();
        const changes = this.#sink.take();
        const came = worked || (await this.#log.wait(this.#task.inputs, pollMs));
        // A client that has disconnected is only noticed on a write: an empty batch gives the occasion.
        if (!came && changes.length === 0) yield [];
        if (changes.length === 0) continue;
        if (this.#options.isPull && this.#isTable) {
          yield [];
          continue;
        }
        // For a stream a record without a value is no row; for a table it is a tombstone.
        const visible = this.#isTable ? changes : changes.filter(({ after }) => after !== undefined);
        // As ksqlDB's scalable push queries, leaves out rows whose key is NULL.
        const sent = this.#options.isScalable ? visible.filter(({ key }) => !hasNull(key)) : visible;
        const rows = sent.slice(0, left === Infinity ? undefined : left).map((change) => this.#clientRow(change));
        left -= rows.length;
        if (left <= 0) this.finalMessage = 'Limit Reached';
        yield rows;
      }
    } finally {
      this.close();
      this.#options.onEnd(this.id);
    }
  }

  /** The groups of a pull query, once all records have been read. */
  async *#groups(limit: number): AsyncIterable<readonly ClientRow[]> {
    let left = limit;
    for await (const changes of inBatches([this.#task.current(undefined) ?? []])) {
      const rows = changes.filter(({ after }) => after !== undefined).slice(0, left === Infinity ? undefined : left);
      left -= rows.length;
      yield rows.map((change) => this.#clientRow(change));
      if (left <= 0) return;
    }
  }

  #clientRow({ key, after, window }: Change): ClientRow {
    if (after !== undefined) return { values: after, tombstone: false };
    const values = this.columns.map(({ name }): Value => {
      if (name === 'WINDOWSTART') return window?.start ?? null;
      return name === 'WINDOWEND' ? (window?.end ?? null) : null;
    });
    this.#keySlots.forEach((slot, i) => (values[slot] = key[i] ?? null));
    return { values, tombstone: true };
  }

  close(why?: string): void {
    if (!this.#closed) this.finalMessage ??= why;
    this.#closed = true;
    this.#log.close();
  }
}
