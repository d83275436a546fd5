import type { PhysicalPlan } from '../../plan/physical/step.ts';
import { allSteps } from '../../plan/physical/step.ts';
import { readersOf, sourcesOf } from '../../plan/physical/topology.ts';
import { BatchWriter } from '../../records/batch.ts';
import { runSettings, type RunSettings } from '../../runtime/run-settings.ts';
import type { Change, Row } from '../../runtime/change.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import { EntityStore } from '../../runtime/sinks/entities.ts';
import { ErrorCollector } from '../../runtime/task/error-collector.ts';
import { InputPartition, loadMissing, takeBatch } from '../../runtime/task/input-merger.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { BatchReport, ProducedRecord, QueryState, QueryStatus, RunnableQuery } from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { processingLogRecord, type ProcessingError } from '../../runtime/sinks/processing-log.ts';
import { SinkEncoder, type AddRecord } from '../../runtime/sink-encoder.ts';
import { SourceDecoder } from '../../runtime/source-decoder.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { LocalTopology, type SourceChange } from '../../runtime/topology.ts';
import type { Commit, EmbeddedLog } from './embedded-log.ts';

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

const batchRecords = 4096;
const fetchBytes = 1 << 20;
const firstBackoffMs = 1000;
const maximumBackoffMs = 60_000;

/** A persistent query on the embedded log: fetch, one micro-batch, commit, over and over. */
export class EmbeddedQuery {
  readonly #options: EmbeddedQueryOptions;
  readonly #plan: PhysicalPlan;
  readonly #settings: RunSettings;
  readonly #ordered: boolean;
  #topology: LocalTopology | undefined;
  #entities: EntityStore | undefined;
  #inputs: InputPartition[] = [];
  #readers: ReadonlyMap<string, number> = new Map();
  #encoder: SinkEncoder | undefined;
  #writers: BatchWriter[] = [];
  readonly #errors: ErrorCollector;
  #running: Promise<void> | undefined;
  #stopping = false;
  #paused: boolean;
  #state: QueryState = 'RUNNING';
  #error: string | undefined;
  #resume: (() => void) | undefined;
  readonly #counts = { in: 0, out: 0 };

  constructor(options: EmbeddedQueryOptions) {
    this.#options = options;
    this.#errors = new ErrorCollector(options.query.id);
    this.#plan = options.query.plan;
    this.#settings = runSettings(options.query.properties);
    this.#paused = options.query.paused;
    this.#ordered = allSteps(this.#plan.root).some(
      ({ op }) => op !== 'streamSource' && op !== 'streamFilter' && op !== 'project' && op !== 'flatMap',
    );
  }

  /** A query that cannot be built is in state ERROR, and the node goes on. */
  start(): void {
    try {
      this.#build();
      this.#running = this.#loop();
    } catch (error) {
      this.#state = 'ERROR';
      this.#error = (error as Error).message;
    }
  }

  #key(kind: string, ...rest: readonly (string | number)[]): Buffer {
    return Buffer.from([kind, this.#options.query.id, ...rest].join('/'));
  }

  /** Where a reader's position is kept: a query may read one topic several times, by steps in the order of its plan. */
  #positionKey(topic: string, partition: number, reader: number): Buffer {
    return this.#key('o', topic, partition, ...(reader === 0 ? [] : [reader]));
  }

  #build(): void {
    const { query, log, backend, models } = this.#options;
    const { sink } = this.#plan;
    const sources = sourcesOf(this.#plan);
    const partitions = Math.max(1, ...sources.map(({ source }) => log.info(source.topic)?.partitions ?? 1));
    this.#topology = new LocalTopology(this.#plan, {
      backend,
      statePrefix: `s/${query.id}`,
      partitions,
      partitionsOf: (topic) => log.info(topic)?.partitions ?? partitions,
      settings: this.#settings,
      models,
      failures: this.#errors,
    });
    this.#entities =
      this.#plan.entityKey === undefined
        ? undefined
        : new EntityStore(this.#plan, { backend, prefix: this.#key('s', 'entities/') });
    this.#encoder =
      sink &&
      new SinkEncoder(
        { ...sink, partitions: log.info(sink.topic)?.partitions ?? sink.partitions },
        this.#plan.root.columns,
      );
    this.#writers =
      sink === undefined
        ? []
        : Array.from({ length: log.info(sink.topic)?.partitions ?? sink.partitions }, () => new BatchWriter());
    this.#readers = readersOf(this.#plan);
    this.#inputs = sources.flatMap((step) => {
      const { topic, kind } = step.source;
      const reader = this.#readers.get(step.id)!;
      const decoder = new SourceDecoder(step, this.#options.schemas, (bad) => this.#errors.badRecord(bad));
      const earliest = kind === 'TABLE' || this.#settings.earliest;
      return Array.from({ length: log.info(topic)?.partitions ?? 0 }, (_, partition) => {
        const stored = backend.getMany([this.#positionKey(topic, partition, reader)])[0];
        const part = log.partition(topic, partition)!;
        const position =
          stored === undefined ? (earliest ? part.start : part.committed) : (decodeValue(stored) as number);
        return new InputPartition(step.id, topic, partition, decoder, position);
      });
    });
    this.#errors.take();
    this.#errors.takeLetters();
  }

  async #loop(): Promise<void> {
    let backoff = firstBackoffMs;
    // The first positions are recorded, so that a restart does not begin at another "latest".
    this.#commit([], []);
    while (!this.#stopping) {
      try {
        if (this.#paused) await new Promise<void>((resolve) => (this.#resume = resolve));
        else if (await this.#step()) await new Promise((resolve) => setImmediate(resolve));
        else await this.#options.log.wait(Math.min(1000, this.#settings.idleTimeoutMs ?? Infinity));
        backoff = firstBackoffMs;
        if (this.#state === 'ERROR') this.#state = 'RUNNING';
      } catch (error) {
        this.#state = 'ERROR';
        this.#error = (error as Error).message;
        await this.#options.log.wait(backoff);
        backoff = Math.min(backoff * 2, maximumBackoffMs);
        // What was not committed is gone with the caches: everything is read again from the last commit.
        this.#build();
      }
    }
  }

  /** One micro-batch; false when there was nothing to read. */
  async #step(): Promise<boolean> {
    const started = performance.now();
    for (const input of this.#inputs) {
      if (!input.isEmpty) continue;
      const part = this.#options.log.partition(input.topic, input.partition);
      if (part !== undefined && part.start > input.fetched) input.fetched = input.position = part.start;
      input.add(part?.read(input.fetched, fetchBytes) ?? []);
    }
    this.#errors.origins.clear();
    const before = this.#inputs.reduce((sum, { records }) => sum + records, 0);
    const batch: SourceChange[] = [];
    takeBatch(this.#inputs, batchRecords, this.#ordered, this.#errors.origins, ({ stepId, partition }, change) =>
      batch.push({ stepId, partition, change }),
    );
    const read = this.#inputs.reduce((sum, { records }) => sum + records, 0) - before;
    const waited = await loadMissing(this.#inputs, this.#options.schemas);
    if (batch.length === 0 && read === 0) return waited || (await this.#closeIdle());
    await this.#finish(this.#topology!.process(batch), read, started);
    return true;
  }

  /** Sends what waits for stream time where no input has come for long enough; false when there was nothing. */
  async #closeIdle(): Promise<boolean> {
    const { idleTimeoutMs } = this.#settings;
    if (idleTimeoutMs === undefined) return false;
    const started = performance.now();
    const closed = await this.#topology!.closeIdle(started - idleTimeoutMs);
    if (closed.length === 0) return false;
    await this.#finish(closed, 0, started);
    return true;
  }

  /** Writes and commits what a micro-batch made. */
  async #finish(result: readonly Change[] | Promise<readonly Change[]>, read: number, started: number): Promise<void> {
    const changes = result instanceof Promise ? await result : result;
    if (this.#stopping) return;
    const out = this.#conflated(changes);
    this.#entities?.put(out);
    this.#commit(this.#write(out), this.#errors.take());
    this.#counts.in += read;
    this.#counts.out += out.length;
    this.#options.onBatch(this.#options.query.id, {
      recordsIn: read,
      recordsOut: out.length,
      seconds: (performance.now() - started) / 1000,
      commits: 1,
    });
  }

  /** Only the last change of each key of a table leaves, where that is asked for. */
  #conflated(changes: readonly Change[]): readonly Change[] {
    if (this.#plan.shape !== 'TABLE' || !this.#settings.conflate || changes.length < 2) return changes;
    const last = new Map<string, Change>();
    for (const change of changes) {
      const text = `${change.window?.start ?? ''}/${change.window?.end ?? ''}/${change.key.map(String).join('\u0000')}`;
      last.delete(text);
      last.set(text, change);
    }
    return [...last.values()];
  }

  #write(changes: readonly Change[]): Commit['appends'] {
    const { sink } = this.#plan;
    if (sink === undefined || changes.length === 0) return [];
    const add: AddRecord = (partition, timestamp, key, write, row, headers) =>
      this.#writers[partition]!.addWritten(timestamp, key, write, row, headers);
    for (const change of changes) {
      try {
        this.#encoder!.write(change, add);
      } catch (error) {
        this.#errors.report((error as Error).message, 'sink', change.sequence);
      }
    }
    return this.#writers.flatMap((writer, partition) =>
      writer.count === 0 ? [] : [{ topic: sink.topic, partition, batch: writer.finish() }],
    );
  }

  #commit(appends: Commit['appends'], errors: readonly ProcessingError[]): void {
    const state = this.#options.backend.batch();
    this.#topology!.flush(state);
    this.#entities?.flush(state);
    for (const { stepId, topic, partition, position } of this.#inputs)
      state.put(this.#positionKey(topic, partition, this.#readers.get(stepId)!), encodeValue(position));
    const logged =
      errors.length === 0 || this.#options.log.info(this.#options.processingLog) === undefined
        ? []
        : [
            {
              topic: this.#options.processingLog,
              partition: 0,
              batch: batchOf(errors.map((error) => processingLogRecord(error, Date.now()))),
            },
          ];
    const letters = this.#errors.takeLetters();
    const dead =
      letters.length === 0 ? [] : [{ topic: this.#options.deadLetters, partition: 0, batch: batchOf(letters) }];
    this.#options.log.commit({ appends: [...appends, ...logged, ...dead], state });
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#resume?.();
  }

  get status(): QueryStatus {
    const lag = this.#inputs.reduce(
      (sum, { topic, partition, position }) =>
        sum + Math.max(0, (this.#options.log.partition(topic, partition)?.committed ?? 0) - position),
      0,
    );
    return {
      state: this.#paused ? 'PAUSED' : this.#state,
      error: this.#error,
      recordsIn: this.#counts.in,
      recordsOut: this.#counts.out,
      errors: this.#errors.count,
      lag,
      stateBytes: 0,
      tasks: 1,
      restored: 0,
    };
  }

  current(key: Row | undefined): Iterable<Change> | undefined {
    return this.#entities?.current(key) ?? this.#topology?.current(key);
  }

  async stop(forget: boolean): Promise<void> {
    this.#stopping = true;
    this.#resume?.();
    this.#options.log.wake();
    await this.#running;
    if (!forget) return;
    for (const prefix of [this.#key('s', ''), this.#key('o', '')])
      this.#options.backend.deleteRange(prefix, after(prefix));
  }
}

function batchOf(records: readonly ProducedRecord[]): Buffer {
  const writer = new BatchWriter();
  for (const { timestamp, key, value, headers } of records) writer.add(timestamp, key, value, headers);
  return writer.finish();
}
