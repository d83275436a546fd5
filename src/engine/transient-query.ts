import { randomBytes } from 'node:crypto';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { readersOf, sourcesOf } from '../plan/physical/topology.ts';
import { hasNull, type Change } from '../runtime/change.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import type { RunSettings } from '../runtime/run-settings.ts';
import type { Sink } from '../runtime/sinks/sink.ts';
import { ErrorCollector } from '../runtime/task/error-collector.ts';
import { ReaderLog, type OpenReader } from '../runtime/task/reader-log.ts';
import { Task } from '../runtime/task/task.ts';
import type { Value } from '../types/sql-type.ts';
import type { ClientRow, QueryStream } from './client-rows.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';

export interface TransientOptions {
  readonly isPull: boolean;
  readonly limit: number | undefined;
  readonly name: string;
  /** ksqlDB's scalable push query: reads what a persistent query writes from now on. */
  readonly isScalable: boolean;
  readonly backend: StateBackend;
  readonly settings: RunSettings;
  readonly onEnd: (id: string) => void;
}

const pollMs = 100;

/** The changes that the client has not been sent. */
class ClientSink implements Sink {
  #changes: Change[] = [];

  write(changes: readonly Change[]): number {
    this.#changes = this.#changes.length === 0 ? [...changes] : this.#changes.concat(changes);
    return changes.length;
  }
  take(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }
  /** Nothing of such a query is committed. */
  flush(): void {
    return undefined;
  }
}

/** A query over topics that lives as long as its client: its state is in memory. */
export class TransientQuery implements QueryStream {
  readonly id: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly StepColumn[];
  finalMessage: string | undefined;
  readonly #task: Task;
  readonly #log: ReaderLog;
  readonly #sink: ClientSink;
  readonly #options: TransientOptions;
  readonly #keySlots: readonly number[];
  readonly #isTable: boolean;
  #closed = false;

  private constructor(id: string, task: Task, log: ReaderLog, sink: ClientSink, options: TransientOptions) {
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
    const kind = options.isScalable ? 'SCALABLE_PUSH_QUERY' : 'transient';
    const id = `${kind}_${options.name}_${randomBytes(8).readBigUInt64BE().toString()}`;
    const log = new ReaderLog(await openReaders(plan, engine, session, options));
    const sink = new ClientSink();
    const task = new Task(
      {
        queryId: id,
        plan,
        part: undefined,
        partitions: 1,
        settings: options.settings,
        processingLog: '',
        deadLetters: '',
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
          this.finalMessage = 'Query Completed';
          return;
        }
        const worked = await this.#task.step();
        const changes = this.#sink.take();
        const came = worked || (await this.#log.wait(this.#task.inputs, pollMs));
        // A client that is gone is noticed when something is sent: nothing is a chance to look.
        if (!came && changes.length === 0) yield [];
        if (changes.length === 0) continue;
        // A stream's record without a value is no row; a table's is a tombstone.
        const given = this.#isTable ? changes : changes.filter(({ after }) => after !== undefined);
        // ksqlDB's scalable push queries leave out rows without a key.
        const sent = this.#options.isScalable ? given.filter(({ key }) => !hasNull(key)) : given;
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

  #clientRow({ key, after, window }: Change): ClientRow {
    if (after !== undefined) return { values: after, tombstone: false };
    const values = this.columns.map(({ name }): Value => {
      if (name === 'WINDOWSTART') return window?.start ?? null;
      return name === 'WINDOWEND' ? (window?.end ?? null) : null;
    });
    this.#keySlots.forEach((slot, i) => (values[slot] = key[i] ?? null));
    return { values, tombstone: true };
  }

  close(): void {
    this.#closed = true;
    this.#log.close();
  }
}

/** A reader for each source: tables and pull queries begin with what is there. */
async function openReaders(
  plan: PhysicalPlan,
  engine: Engine,
  session: Session,
  { isPull, isScalable }: TransientOptions,
): Promise<OpenReader[]> {
  const numbers = readersOf(plan);
  const readers: OpenReader[] = [];
  for (const { id, source } of sourcesOf(plan)) {
    const earliest = isPull || (source.kind === 'TABLE' && !isScalable) || session.read('auto.offset.reset');
    const { topic } = source;
    readers.push({
      topic,
      reader: numbers.get(id)!,
      source: await engine.node.openReader(topic, earliest ? 'beginning' : 'end'),
    });
  }
  return readers;
}
