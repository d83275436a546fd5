import type { Row } from '../../types/sql-type.ts';
import { invokesModel } from '../../plan/physical/step.ts';
import { rowsOf, sizeOf, type Batch } from '../batch.ts';
import type { Change } from '../change.ts';
import type { CommitObserver, InputLog, Position, Reading, TaskLog } from '../ports/log.ts';
import type { ModelHost } from '../ports/model-host.ts';
import type { StateBackend } from '../ports/state-backend.ts';
import type { SchemaCache } from '../schema-cache.ts';
import { DeadLetterSink } from '../sinks/dead-letters.ts';
import { openSink, sinksOf, sinkTopics } from '../sinks/index.ts';
import { ProcessingLogSink } from '../sinks/processing-log.ts';
import type { Sink, SinkContext } from '../sinks/sink.ts';
import { SourceDecoder, type BadRecord } from '../source-decoder.ts';
import { LocalTopology, type Result } from '../topology.ts';
import { lastOfEach } from './conflate.ts';
import { ErrorCollector } from './error-collector.ts';
import { InputPartition, loadMissing, takeBatch } from './input-merger.ts';
import { RepartitionDecoder, RepartitionWriter } from './repartition.ts';
import { inputsOf, isOrdered, partsOf, type TaskInput, type TaskSpec } from './spec.ts';

export interface TaskPorts {
  readonly log: InputLog;
  /** Undefined where nothing is kept: there are no commits, and `sinks` says where the rows go. */
  readonly output: TaskLog | undefined;
  readonly backend: StateBackend;
  /** What stands before every key of the task's state. */
  readonly statePrefix: Buffer;
  readonly models: ModelHost | undefined;
  readonly schemas: SchemaCache;
  /** In place of the plan's own sinks; the first one's records count. */
  readonly sinks?: (context: SinkContext) => readonly Sink[];
  readonly errors?: ErrorCollector;
  readonly observe?: CommitObserver | undefined;
}

/** What a task has done since it was started. */
export interface TaskCounts {
  /** Records that were read. */
  in: number;
  /** Records that left through the query's own sink; rows between two parts of it are not among them. */
  out: number;
  /** Records that were read to restore the state. */
  restored: number;
  commits: number;
  batches: number;
  /** Milliseconds that all batches took together. */
  batchMs: number;
}

/** So many records are processed between two looks at other tasks; they make garbage, which is to die young. Fused parts run whole micro-batches. */
const sliceRecords = { part: 1000, whole: 4096 };
/** A table's rows are conflated over so many records at most, or until nothing more is at hand. */
const batchRecords = 20_000;
const sendBytes = 1 << 18;
const idleMs = 50;
const ignore: CommitObserver = () => undefined;

/** A record that cannot be read, where the query is to stop at it. */
class BadRecordFailure extends Error {
  override readonly name = 'BadRecordFailure';
}

/**
 * A query, or one sub-topology of it on one partition number: reads its inputs in order of time, runs them through its pipelines,
 * gives the result to its sinks and commits, until it is given up. All nodes, transient queries, benches and test runners use it;
 * they differ in their logs. One that has thrown is not used again: another goes on from the last commit.
 */
export class Task {
  readonly spec: TaskSpec;
  readonly inputs: InputPartition[] = [];
  readonly counts: TaskCounts = { in: 0, out: 0, restored: 0, commits: 0, batches: 0, batchMs: 0 };
  readonly #ports: TaskPorts;
  readonly #errors: ErrorCollector;
  readonly #isOrdered: boolean;
  /** One row of a key leaves a micro-batch: where all of it is in one process, also of what operators do not conflate. */
  readonly #conflates: boolean;
  readonly #slice: number;
  #topology: LocalTopology | undefined;
  #sinks: readonly Sink[] = [];
  #next: RepartitionWriter | undefined;
  #emitted = 0;
  #lastCommit = performance.now();
  #lastInput = performance.now();
  #isDirty = false;
  /** Records that were taken and not let go of yet: a model may be asked about them. */
  #inHand = 0;
  /** Since when an input has waited for another. */
  #waitsSince: number | undefined;

  constructor(spec: TaskSpec, ports: TaskPorts) {
    this.spec = spec;
    this.#ports = ports;
    this.#errors = ports.errors ?? new ErrorCollector(spec.queryId);
    this.#isOrdered = isOrdered(spec);
    this.#conflates = spec.part === undefined && spec.plan.shape === 'TABLE' && spec.settings.conflate;
    this.#slice = spec.part === undefined ? sliceRecords.whole : sliceRecords.part;
  }

  /** Takes the task over: fences the former owner, then positions, then the state up to the last commit, then the operators. */
  async start(): Promise<void> {
    const { output } = this.#ports;
    const wanted = inputsOf(this.spec);
    await output?.takeOver([...wanted.map((input) => this.#topicOf(input)), ...this.#outputTopics()]);
    const readings = wanted.flatMap((input) => this.#readings(input));
    const committed = await output?.committed(readings.map(({ reading }) => reading));
    this.counts.restored = (await output?.restore()) ?? 0;
    this.#build();
    for (const sink of this.#sinks) await sink.recover?.();
    for (const [i, { input, reading }] of readings.entries())
      this.inputs.push(await this.#open(input, reading, committed?.[i]));
  }

  #topicOf({ stepId, source }: TaskInput): string {
    return source?.source.topic ?? this.#ports.output!.internalTopic(stepId);
  }
  #outputTopics(): string[] {
    const { plan, processingLog, deadLetters } = this.spec;
    const next = partsOf(this.spec).at(-1)!.output;
    return [
      ...(next === undefined ? [] : [this.#ports.output!.internalTopic(next.id)]),
      ...sinkTopics(plan),
      processingLog,
      ...(invokesModel(plan) ? [deadLetters] : []),
    ];
  }

  #readings(input: TaskInput): { readonly input: TaskInput; readonly reading: Reading }[] {
    const { part } = this.spec;
    const topic = this.#topicOf(input);
    const numbers = Array.from({ length: this.#ports.log.partitions(topic) }, (_, partition) => partition);
    const { reader } = input;
    return numbers
      .filter((partition) => part === undefined || partition === part.partition)
      .map((partition) => ({ input, reading: { topic, partition, reader } }));
  }

  async #open(
    { stepId, isTable, source }: TaskInput,
    reading: Reading,
    committed: number | undefined,
  ): Promise<InputPartition> {
    const side = isTable || this.spec.settings.earliest ? 'beginning' : 'end';
    const offset = committed ?? (await this.#ports.log.bound(reading, side));
    // The first positions are recorded, so that a restart does not begin at another end.
    if (committed === undefined && side === 'end') this.#isDirty = true;
    const decoder =
      source === undefined
        ? new RepartitionDecoder()
        : new SourceDecoder(source, this.#ports.schemas, (bad) => this.#badRecord(bad));
    return new InputPartition(
      stepId,
      { ...reading, offset },
      decoder,
      this.#topology!.inlet(stepId, reading.partition),
    );
  }

  #badRecord(bad: BadRecord): void {
    const { failOn } = this.spec.settings;
    const stops = bad.target === 'predicate' ? false : bad.target === 'timestamp' ? failOn.timestamp : failOn.value;
    if (stops)
      throw new BadRecordFailure(`${bad.target} of ${bad.topic}/${bad.partition}/${bad.offset}: ${bad.message}`);
    this.#errors.badRecord(bad);
  }

  #build(): void {
    const { plan, part, settings, partitions } = this.spec;
    const { log, output, backend, statePrefix, models, sinks } = this.#ports;
    const widest = Math.max(1, ...inputsOf(this.spec).map((input) => log.partitions(this.#topicOf(input))));
    this.#topology = new LocalTopology(plan, {
      backend,
      statePrefix,
      part: part?.index,
      partitions: part === undefined ? (partitions ?? widest) : 1,
      ...(part === undefined ? { partitionsOf: (topic: string) => log.partitions(topic) || widest } : {}),
      settings,
      models,
      failures: this.#errors,
      rareCommits: part !== undefined,
    });
    const next = partsOf(this.spec).at(-1)!.output;
    if (next !== undefined) this.#next = new RepartitionWriter(output!, next);
    else
      this.#sinks =
        sinks?.(this.#sinkContext('own')) ??
        sinksOf(plan).map(({ kind, options }) => openSink(kind, options, this.#sinkContext(kind), output!));
  }
  #sinkContext(name: string): SinkContext {
    const { queryId, plan, settings } = this.spec;
    const { backend, statePrefix } = this.#ports;
    const prefix = Buffer.concat([statePrefix, Buffer.from(`${name}/`)]);
    return {
      query: queryId,
      columns: plan.root.columns,
      failures: this.#errors,
      location: { backend, prefix, cacheBytes: settings.cacheBytes },
    };
  }

  get errors(): number {
    return this.#errors.count;
  }
  /** Records that the inputs have and the task has not processed, as far as is known. */
  get lag(): number {
    let lag = this.#inHand;
    for (const input of this.inputs) {
      const end = this.#ports.log.end(input);
      if (end !== Infinity) lag += Math.max(0, end - input.reached);
    }
    return lag;
  }

  /** Whether a join must not go on: an input has nothing buffered and its topic has more. */
  #isBehind(): boolean {
    if (!this.#isOrdered) return false;
    return this.inputs.some((input) => input.isEmpty && !this.#isRead(input)) || this.#waitsForOthers();
  }
  /** `max.task.idle.ms`: whether an input that has rows waits for another of its partition that may have earlier ones. */
  #waitsForOthers(): boolean {
    const { maxIdleMs } = this.spec.settings;
    if (maxIdleMs === undefined) return false;
    const waits = this.inputs.some(
      (full) =>
        !full.isEmpty &&
        this.inputs.some(
          ({ isEmpty, stepId, partition }) => isEmpty && stepId !== full.stepId && partition === full.partition,
        ),
    );
    if (!waits) this.#waitsSince = undefined;
    else this.#waitsSince ??= performance.now();
    return this.#waitsSince !== undefined && performance.now() - this.#waitsSince < maxIdleMs;
  }
  #isRead(input: InputPartition): boolean {
    return input.isEmpty && input.fetched >= this.#ports.log.end(input);
  }
  #reached(): number {
    let sum = 0;
    for (const { reached } of this.inputs) sum += reached;
    return sum;
  }

  /** A part of a micro-batch, and its end when nothing more is at hand; false when there is nothing to do. */
  async step(): Promise<boolean> {
    this.#ports.log.fetch(this.inputs);
    if (this.#isBehind()) return false;
    const before = this.#reached();
    const started = performance.now();
    const emitted = this.#run();
    this.#inHand = this.#reached() - before;
    if (emitted instanceof Promise) await emitted;
    const waited = this.#isMissingSchema() && (await loadMissing(this.inputs, this.#ports.schemas));
    if (this.#inHand === 0) return waited || (await this.#closeIdle());
    this.#isDirty = true;
    this.#lastInput = performance.now();
    if (this.#errors.origins.count >= batchRecords || this.inputs.every(({ isEmpty }) => isEmpty)) await this.#drain();
    else await this.#pressure();
    this.#inHand = 0;
    this.counts.batches++;
    this.counts.batchMs += performance.now() - started;
    return true;
  }

  /** Only where a record was met whose schema was never fetched: waiting for nothing costs too. */
  #isMissingSchema(): boolean {
    return this.inputs.some(({ missingSchema }) => missingSchema !== undefined);
  }

  /** Takes some changes and emits what they make; nothing of them is held while the caller waits for the network. */
  #run(): Promise<void> | undefined {
    takeBatch(this.inputs, this.#slice, this.#isOrdered, this.#errors.origins);
    let read = 0;
    for (const input of this.inputs) read += input.records;
    this.counts.in = read;
    if (this.spec.settings.idleTimeoutMs !== undefined) this.#noteArrivals();
    return this.#emit(this.#topology!.run());
  }
  #noteArrivals(): void {
    const now = performance.now();
    for (const input of this.inputs)
      if (input.takeArrived()) this.#topology!.arrived(input.stepId, input.partition, now);
  }

  #emit(result: Result): Promise<void> | undefined {
    if (result instanceof Promise) return result.then((batch) => this.#write(batch));
    this.#write(result);
    return undefined;
  }
  #write(batch: Batch): void {
    if (sizeOf(batch) === 0) return;
    const changes = rowsOf(batch);
    this.#emitted += changes.length;
    if (this.#next !== undefined) {
      this.#next.write(changes);
      return;
    }
    const rows = this.#conflates ? lastOfEach(changes) : changes;
    for (const [i, sink] of this.#sinks.entries()) {
      const written = sink.write(rows);
      if (i === 0) this.counts.out += written;
    }
  }

  /** Waits while the log or a sink is far behind. */
  async #pressure(): Promise<void> {
    const { output } = this.#ports;
    if (output !== undefined && output.unsent > sendBytes) await output.send();
    for (const sink of this.#sinks) {
      const waiting = sink.pressure?.();
      if (waiting !== undefined) await waiting;
    }
  }

  /** Ends the micro-batch: rows that were held back leave, and everything is sent. */
  async #drain(): Promise<void> {
    for (const piece of this.#topology!.drain()) {
      const emitted = this.#emit(piece);
      if (emitted instanceof Promise) await emitted;
      await this.#pressure();
    }
    this.#errors.origins.clear();
    await this.#ports.output?.send();
    await this.#pressure();
  }

  /** Emits what waits for stream time when there was no input for long enough and none is waiting; false when it is not due. */
  async #closeIdle(): Promise<boolean> {
    const { idleTimeoutMs } = this.spec.settings;
    if (idleTimeoutMs === undefined || !this.inputs.every((input) => this.#isRead(input))) return false;
    const before = this.#emitted;
    const emitted = this.#emit(this.#topology!.closeIdle(performance.now() - idleTimeoutMs));
    if (emitted instanceof Promise) await emitted;
    if (this.#emitted === before) return false;
    this.#isDirty = true;
    await this.#drain();
    return true;
  }

  /** At the interval; sooner when the caches are full, or when the input has stopped and there is nothing else to do. */
  get commitIsDue(): boolean {
    if (!this.#isDirty) return false;
    const now = performance.now();
    const { commitMs } = this.spec.settings;
    const since = now - this.#lastCommit;
    const isIdle = now - this.#lastInput > idleMs && since > commitMs / 4;
    return since >= commitMs || isIdle || this.#topology!.isFull;
  }

  /** The sinks, the outputs and the state's changes, then the positions, then the local state: what is on disk is always a committed prefix. */
  async commit(): Promise<void> {
    this.#lastCommit = performance.now();
    const { output, backend, observe = ignore } = this.#ports;
    if (!this.#isDirty || output === undefined) return;
    await this.#drain();
    observe('begun');
    const state = backend.batch();
    const writer = output.stateWriter(state);
    this.#topology!.flush(writer);
    for (const sink of this.#sinks) await sink.flush(writer);
    this.#writeErrors(output);
    await output.commit(this.#positions(), state, observe);
    for (const sink of this.#sinks) await sink.committed?.();
    this.#isDirty = false;
    this.counts.commits++;
  }
  #writeErrors(log: TaskLog): void {
    const { processingLog, deadLetters } = this.spec;
    const errors = this.#errors.take();
    if (errors.length > 0) new ProcessingLogSink(log, processingLog).write(errors);
    const letters = this.#errors.takeLetters();
    if (letters.length > 0) new DeadLetterSink(log, deadLetters).write(letters);
  }
  #positions(): Position[] {
    return this.inputs.map(({ topic, partition, reader, reached }) => ({ topic, partition, reader, offset: reached }));
  }

  /** The rows that the result holds now, all or of one key; undefined when it holds no table. */
  current(key: Row | undefined): Iterable<Change> | undefined {
    for (const sink of this.#sinks) {
      const rows = sink.current?.(key);
      if (rows !== undefined) return rows;
    }
    return this.#topology?.current(key);
  }

  /** Gives it up, committed or not. */
  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close?.();
  }
}
