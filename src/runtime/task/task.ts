import type { Row } from '../../types/sql-type.ts';
import { rowsOf, sizeOf, type Batch } from '../batch.ts';
import type { Change } from '../change.ts';
import { evaluatedAt } from '../evaluated-at.ts';
import { NearestRows, type WantedNearest } from '../nearest/nearest-rows.ts';
import { Answers } from '../ports/answers.ts';
import type { EventCounts } from '../ports/counted-events.ts';
import type { Position, Reading } from '../ports/log.ts';
import { holdsRows, openSink, rowsHeld, sinksOf, type WantedSink } from '../sinks/index.ts';
import { writeShadows } from '../sinks/shadows.ts';
import type { Sink, SinkContext } from '../sinks/sink.ts';
import { BadRecordFailure, refuseRows, type BadRecord } from '../source-decoder.ts';
import { LargeEntries } from '../stores/large-entries.ts';
import { LocalTopology, type Result } from '../topology.ts';
import { Arrival } from './arrival.ts';
import { AttemptState, type TaskFailure } from './attempt.ts';
import { CommitClock } from './commit-clock.ts';
import { lastOfEach } from './conflate.ts';
import { eraseAtStart } from './erase.ts';
import { decoderOf } from './erasing-decoder.ts';
import { ErrorCollector } from './error-collector.ts';
import { InputPartition, loadMissing, takeBatch } from './input-merger.ts';
import { outputTopics } from './output-topics.ts';
import { RepartitionWriter } from './repartition.ts';
import { sliceOf } from './slice.ts';
import type { TaskPorts } from './task-ports.ts';
import { Work } from './work.ts';
import { writeErrors } from './write-errors.ts';
import {
  inputsOf,
  partsOf,
  tickMsOf,
  waitsForAnswers,
  type TaskCounts,
  type TaskInput,
  type TaskSpec,
} from './spec.ts';

/** The most records over which a table's rows are conflated, if the input does not run out earlier. */
const batchRecords = 20_000;
const sendBytes = 1 << 18;

/**
 * Runs a query, or one sub-topology on one partition number: reads its inputs in order of time, processes them in its
 * pipelines, writes the result to its sinks, and commits. Nodes, transient queries, benches and test runners all use it, with
 * different logs. A task that has thrown is not used again: a new one continues from the last commit.
 */
export class Task {
  readonly spec: TaskSpec;
  readonly inputs: InputPartition[] = [];
  readonly counts: TaskCounts = { in: 0, out: 0, restored: 0, commits: 0, batches: 0, batchMs: 0 };
  readonly #ports: TaskPorts;
  readonly #errors: ErrorCollector;
  /** What is out at others, and whether something has come back. */
  readonly answers = new Answers();
  /** Whether a micro-batch emits one row per key, even if operators do not conflate: when the whole plan is in this task. */
  readonly #conflates: boolean;
  readonly #slice: number;
  #state: LargeEntries | undefined;
  #topology: LocalTopology | undefined;
  #sinks: readonly Sink[] = [];
  readonly #refused = new WeakSet<Change>();
  #next: RepartitionWriter | undefined;
  /** Set once a query has asked for the nearest rows. */
  #nearest: NearestRows | undefined;
  #emitted = 0;
  readonly #attempt: AttemptState;
  readonly #commits: CommitClock;
  /** How often it looks at the clock for its steps. */
  readonly tickMs: number;
  #lastTick = performance.now();
  #isDirty = false;
  readonly #work: Work;
  readonly #arrival: Arrival;
  /** Records taken whose step has not ended: a model may still be called for them. */
  #inHand = 0;

  constructor(spec: TaskSpec, ports: TaskPorts) {
    this.spec = spec;
    this.#ports = ports;
    this.#errors = ports.errors ?? new ErrorCollector(spec.queryId);
    this.#errors.origins.keepsRecords = spec.settings.logsRecords;
    this.#attempt = new AttemptState(spec.attempt);
    this.#work = new Work(ports.mark);
    this.#arrival = new Arrival(this.inputs, ports.log, spec);
    this.#commits = new CommitClock(spec.settings);
    this.tickMs = tickMsOf(spec);
    this.#conflates = spec.part === undefined && spec.plan.shape === 'TABLE' && spec.settings.conflate;
    this.#slice = sliceOf(spec, ports.models);
  }

  /**
   * Takes the task over: fences the former owner, reads the positions, restores the state of the last commit, builds the
   * operators.
   */
  async start(): Promise<void> {
    const { output } = this.#ports;
    const wanted = inputsOf(this.spec);
    const read = wanted.map((input) => this.#topicOf(input));
    await output?.takeOver([...read, ...outputTopics(this.spec, output)]);
    const readings = wanted.flatMap((input) => this.#readings(input));
    const committed = await output?.committed(readings.map(({ reading }) => reading));
    this.counts.restored = (await output?.restore()) ?? 0;
    await eraseAtStart(this.spec, this.#ports, readings, committed);
    this.#build();
    for (const sink of this.#sinks) await sink.recover?.();
    for (const [i, { input, reading }] of readings.entries())
      this.inputs.push(await this.#open(input, reading, committed?.[i]));
    this.#commits.position = this.position;
    // What waited for answers at the last commit is asked for again.
    if (waitsForAnswers(this.spec)) this.answers.come();
  }

  /**
   * Builds what `current` reads, of the state that is stored now: a task that nobody runs here is read this way. It does not see
   * what is stored later.
   */
  openForReads(): void {
    this.#build(holdsRows);
  }

  #topicOf({ stepId, source }: TaskInput): string {
    return source?.source.topic ?? this.#ports.output!.internalTopic(stepId);
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
    const begun = this.spec.start?.[reading.topic];
    const isLatest = !isTable && !this.spec.settings.earliest;
    const side = isLatest && begun === undefined ? 'end' : 'beginning';
    const offset =
      committed ?? (isLatest ? begun?.[reading.partition] : undefined) ?? (await this.#ports.log.bound(reading, side));
    // Marks the task for a commit, so that a restart begins here and not at the end of that time.
    if (committed === undefined && side === 'end') this.#isDirty = true;
    const decoder = decoderOf(source, this.spec.erased, this.#ports.schemas, (bad) => this.#badRecord(bad));
    const inlet = this.#topology!.inlet(stepId, reading.partition);
    const skipped = await this.#attempt.beginSkips(reading, (of) => this.#ports.log.bound(of, 'end'));
    return new InputPartition(stepId, { ...reading, offset }, decoder, inlet, skipped);
  }

  #badRecord(bad: BadRecord): void {
    const { failOn } = this.spec.settings;
    const stops = bad.target === 'predicate' ? false : bad.target === 'timestamp' ? failOn.timestamp : failOn.value;
    if (stops)
      throw new BadRecordFailure(`${bad.target} of ${bad.topic}/${bad.partition}/${bad.offset}: ${bad.message}`);
    this.#errors.badRecord(bad);
  }

  #build(isWanted: (sink: WantedSink) => boolean = () => true): void {
    const { plan, part, settings, partitions } = this.spec;
    const { log, output, statePrefix, models, sinks, pieceBytes } = this.#ports;
    const backend = new LargeEntries(this.#ports.backend, statePrefix, pieceBytes, output?.stateEntryBytes);
    this.#state = backend;
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
      place: part && { partition: part.partition, partitions: widest },
      // A failed attempt is followed by one with smaller commits, between which the thread has time for others.
      answers: this.answers,
      isCareful: () => this.#attempt.isLimited,
      isRetaken: () => output !== undefined && !this.#attempt.isSingle,
    });
    const next = partsOf(this.spec).at(-1)!.output;
    if (next !== undefined) this.#next = new RepartitionWriter(output!, this.#errors, this.#errors.origins, next);
    else
      this.#sinks =
        sinks?.(this.#sinkContext('own')) ??
        sinksOf(plan)
          .filter(isWanted)
          .map(({ kind, options }) => openSink(kind, options, this.#sinkContext(kind), output!));
  }
  #sinkContext(name: string): SinkContext {
    const { queryId, plan, part, settings } = this.spec;
    const prefix = Buffer.concat([this.#ports.statePrefix, Buffer.from(`${name}/`)]);
    return {
      query: queryId,
      columns: plan.root.columns,
      failures: settings.failOn.production ? refuseRows : this.#errors,
      origins: this.#errors.origins,
      location: { backend: this.#state!, prefix, cacheBytes: settings.cacheBytes },
      stores: this.#ports.stores,
      erased: this.spec.erased?.own,
      refused: this.#refused,
      partition: part?.partition,
    };
  }

  get errors(): number {
    return this.#errors.count;
  }
  get events(): EventCounts {
    return this.#errors.events;
  }
  /** Records fetched or known to be in the log that the task has not processed, and rows that wait for answers. */
  get lag(): number {
    return this.#inHand + this.#arrival.lag + this.answers.waiting;
  }
  /** Its position at the last commit. */
  get committedAt(): number {
    return this.#commits.position;
  }
  /** How far it is in its inputs: the sum of the offsets that it reads next. */
  get position(): number {
    let sum = 0;
    for (const { reached } of this.inputs) sum += reached;
    return sum;
  }

  async #whole<T>(part: () => Promise<T>): Promise<T> {
    try {
      return await this.#attempt.whole(part);
    } finally {
      this.#work.unmark();
    }
  }

  /** Processes part of a micro-batch, and drains when the input has run out; false if there was nothing to do. */
  step(): Promise<boolean> {
    return this.#whole(() => this.#step());
  }
  async #step(): Promise<boolean> {
    this.#ports.log.fetch(this.inputs);
    if (this.#attempt.room <= 0 || this.#arrival.isBehind()) return false;
    const before = this.position;
    const started = performance.now();
    this.#work.stepsFrom(before, this.committedAt);
    if (this.inputs.every(({ isEmpty }) => isEmpty)) this.#work.isOnRecords = true;
    else this.#work.begin();
    const emitted = this.#run();
    this.#inHand = this.position - before;
    if (emitted instanceof Promise) await emitted;
    this.#work.end();
    const waited = this.#isMissingSchema() && (await this.#work.wait(loadMissing(this.inputs, this.#ports.schemas)));
    if (this.#inHand === 0) return waited || (await this.#closeIdle()) || (await this.#tick());
    this.#isDirty = true;
    this.#commits.input();
    if (this.#errors.origins.count >= batchRecords || this.inputs.every(({ isEmpty }) => isEmpty)) await this.#drain();
    else await this.#pressure();
    this.#inHand = 0;
    this.counts.batches++;
    this.counts.batchMs += performance.now() - started;
    return true;
  }

  /** Checked first, because waiting costs even if there is nothing to fetch. */
  #isMissingSchema(): boolean {
    return this.inputs.some(({ missingSchema }) => missingSchema !== undefined);
  }

  /** Takes changes and emits their results. Nothing is held back while the caller waits for the network. */
  #run(): Promise<void> | undefined {
    const { origins } = this.#errors;
    const attempt = this.#attempt;
    const known = origins.count;
    try {
      const most = Math.min(this.#slice, attempt.room);
      takeBatch(this.inputs, most, this.#arrival.isOrdered || attempt.isLimited, origins, this.#arrival.hasMore);
    } finally {
      // Also what was taken before a record that cannot be read: the next attempt goes over these records in smaller commits.
      attempt.take(origins.count - known, attempt.isSingle ? origins.of(known) : undefined);
    }
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
    this.#nearest?.apply(changes);
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
    if (output !== undefined && output.unsent > sendBytes) await this.#work.wait(output.send());
    for (const sink of this.#sinks) {
      const waiting = sink.pressure?.();
      if (waiting !== undefined) await this.#work.wait(waiting);
    }
  }

  /** Ends the micro-batch: drains the operators and sends everything. */
  async #drain(): Promise<void> {
    this.#work.begin();
    for (const piece of this.#topology!.drain()) {
      const emitted = this.#emit(piece);
      if (emitted instanceof Promise) await emitted;
      this.#work.end();
      await this.#pressure();
      this.#work.begin();
    }
    this.#work.end();
    this.#errors.endBatch();
    await this.#work.wait(this.#ports.output?.send());
    await this.#pressure();
  }

  /** Emits what waits for stream time, if there was no input for long enough and none is waiting; false if it is not due. */
  async #closeIdle(): Promise<boolean> {
    const { idleTimeoutMs } = this.spec.settings;
    if (idleTimeoutMs === undefined || !this.#arrival.allAreRead()) return false;
    const before = this.#emitted;
    return this.#ended(this.#emit(this.#topology!.closeIdle(performance.now() - idleTimeoutMs)), before);
  }
  /** Ends what an idle task emitted, if it did. */
  async #ended(emitted: Promise<void> | undefined, before: number): Promise<boolean> {
    if (emitted instanceof Promise) await emitted;
    if (this.#emitted === before) return false;
    this.#isDirty = true;
    await this.#drain();
    return true;
  }

  /** Lets operators emit what is due by the clock, if no input is waiting, or has been answered; false if nothing was. */
  async #tick(): Promise<boolean> {
    const now = performance.now();
    const isDue = now - this.#lastTick >= this.tickMs && this.#arrival.allAreRead();
    if (!isDue && !this.answers.take()) return false;
    if (isDue) this.#lastTick = now;
    const before = this.#emitted;
    return this.#ended(this.#emit(this.#topology!.tick()), before);
  }

  /** At the commit interval; earlier if the caches are full, or the input has stopped and nothing else is to do. */
  get commitIsDue(): boolean {
    if (!this.#isDirty && !this.#errors.hasShadows) return this.#isSinkDue();
    return (
      this.#commits.isDue(this.position, () => this.#inHand + this.#arrival.lag) ||
      this.#topology!.isFull ||
      this.#attempt.room <= 0
    );
  }

  /** Whether it has nothing to do until records come: no commit and no clock is due, and no record waits. */
  get isQuiet(): boolean {
    if (this.#isDirty || this.#errors.hasShadows || this.#sinks.some(({ isDue }) => isDue !== undefined)) return false;
    if (this.tickMs !== Infinity || this.spec.settings.idleTimeoutMs !== undefined) return false;
    return this.answers.waiting === 0 && this.inputs.every(({ isEmpty }) => isEmpty);
  }

  #isSinkDue(): boolean {
    return this.#sinks.some(({ isDue }) => isDue === true);
  }

  /**
   * Commits the sinks, outputs and changes of state, then positions, then the local state, which is therefore always a
   * committed prefix.
   */
  commit(): Promise<void> {
    return this.#whole(() => this.#commit());
  }
  async #commit(): Promise<void> {
    this.#commits.begun();
    const { output, backend, observe = () => undefined } = this.#ports;
    if (output === undefined || !(this.#isDirty || this.#isSinkDue() || this.#errors.hasShadows)) return;
    await this.#drain();
    observe('begun');
    const state = backend.batch();
    const writer = this.#state!.writer(output.stateWriter(state));
    this.#work.begin();
    this.#topology!.flush(writer);
    this.#work.end();
    for (const sink of this.#sinks) await this.#work.wait(sink.flush(writer));
    for (const skipped of this.#attempt.skipped) this.#errors.skipped(skipped);
    if (this.#errors.hasShadows) await writeShadows(output, this.#errors);
    writeErrors(output, this.#errors, this.spec);
    await this.#work.wait(output.commit(this.#positions(), state, observe));
    for (const sink of this.#sinks) await sink.committed?.();
    this.#attempt.committed();
    this.#isDirty = false;
    this.#commits.position = this.position;
    this.counts.commits++;
  }
  #positions(): Position[] {
    return this.inputs.map(({ topic, partition, reader, reached }) => ({
      topic,
      partition,
      reader,
      offset: this.#held(partition) ?? reached,
    }));
  }
  #held(partition: number): number | undefined {
    return this.#sinks.map((sink) => sink.held?.(partition)).find((held) => held !== undefined);
  }

  /** The rows of the query's result table, all or of one key; undefined if it has none. `at`: with frames as they are at that time. */
  current(key: Row | undefined, at?: number): Iterable<Change> | undefined {
    const held = rowsHeld(this.#sinks, key);
    if (held === undefined) return this.#errors.quietly(() => this.#topology?.current(key));
    return at === undefined ? held : this.#errors.quietly(() => evaluatedAt(held, this.spec.plan, this.#topology!, at));
  }

  /** Rows among which are those wanted; undefined where all that `current` gives are looked at. */
  nearest(wanted: WantedNearest): Promise<readonly Change[] | undefined> {
    this.#nearest ??= new NearestRows(this.spec.plan, (key) => this.current(key));
    return this.#nearest.read(wanted);
  }

  /** What an error of this task means for the next attempt. */
  failure(error: unknown): TaskFailure {
    const unread = this.inputs.find(({ isUnreadable }) => isUnreadable)?.head;
    return this.#attempt.failure(error, unread, this.#work.isOnRecords);
  }

  /** Closes the task without a commit. */
  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close?.();
  }
}
