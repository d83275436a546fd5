import type { PhysicalPlan } from '../../plan/physical/step.ts';
import { allSteps, invokesModel, stepInputs } from '../../plan/physical/step.ts';
import { readersOf, subTopologies, type SubTopology } from '../../plan/physical/topology.ts';

import type { RecordCursor } from '../../records/batch.ts';
import type { RunSettings } from '../../runtime/run-settings.ts';
import { Change, keyText, type Row } from '../../runtime/change.ts';
import { decodeValue, encodeShared } from '../../runtime/codec.ts';
import { reporters } from '../../runtime/builders/context.ts';
import { keyPlacer, type PlaceKey } from '../../runtime/key-placer.ts';
import { EntityStore } from '../../runtime/sinks/entities.ts';
import { ErrorCollector } from '../../runtime/task/error-collector.ts';
import { InputPartition, loadMissing, takeBatch, type ChangeDecoder } from '../../runtime/task/input-merger.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import { Pipeline } from '../../runtime/pipeline.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { processingLogRecord } from '../../runtime/sinks/processing-log.ts';
import { SinkEncoder, type AddRecord } from '../../runtime/sink-encoder.ts';
import { SourceDecoder } from '../../runtime/source-decoder.ts';
import { changelogTopic, readerGroup, repartitionTopic, transactionalId } from './names.ts';
import { TaskProducer } from './task-producer.ts';
import { TaskState } from './task-state.ts';
import type { TopicOffset, Wire } from './wire.ts';

/** What a worker is told of a task: plain data. */
export interface TaskSpec {
  readonly id: string;
  readonly queryId: string;
  readonly group: string;
  readonly plan: PhysicalPlan;
  readonly part: number;
  readonly partition: number;
  readonly exactlyOnce: boolean;
  readonly commitMs: number;
  readonly settings: RunSettings;
  readonly earliest: boolean;
  readonly processingLog: string;
  readonly deadLetters: string;
  readonly hasState: boolean;
}

/** Places in a commit, for tests that crash there. */
export type TaskCommitStep = 'begun' | 'sent' | 'ended' | 'stored';

export interface TaskPorts {
  readonly wire: Wire;
  readonly backend: StateBackend;
  readonly models: ModelHost | undefined;
  readonly schemas: SchemaCache;
  /** At least once: the group's offsets are committed by its member, in the main thread. */
  readonly commitOffsets: (group: string, offsets: readonly TopicOffset[]) => Promise<void>;
  readonly onStep?: ((step: TaskCommitStep) => void) | undefined;
}

/** So many records are processed between two looks at other tasks; they make garbage, which is to die young. */
const sliceRecords = 1000;
/** A table's rows are conflated over so many records at most, or until nothing more is at hand. */
const batchRecords = 20_000;
const sendBytes = 1 << 18;
const idleMs = 50;

/** One sub-topology of a query on one partition number: restores, then reads, processes and commits until it is stopped. */
export class KafkaTask {
  readonly spec: TaskSpec;
  readonly inputs: InputPartition[] = [];
  readonly counts = { in: 0, out: 0, restored: 0, commits: 0, batches: 0, batchMs: 0 };
  readonly highWatermarks = new Map<string, number>();
  readonly #ports: TaskPorts;
  readonly #part: SubTopology;
  readonly #readers: ReadonlyMap<string, number>;
  readonly #producer: TaskProducer;
  readonly #state: TaskState;
  readonly #ordered: boolean;
  #pipeline: Pipeline | undefined;
  #entities: EntityStore | undefined;
  #encoder: SinkEncoder | undefined;
  readonly #errors: ErrorCollector;
  #lastCommit = performance.now();
  #lastInput = performance.now();
  /** Whether what waits for stream time was sent since the last input. */
  #isClosed = false;
  #dirty = false;
  readonly #placeKey: PlaceKey;

  constructor(spec: TaskSpec, ports: TaskPorts) {
    this.spec = spec;
    this.#ports = ports;
    this.#errors = new ErrorCollector(spec.queryId);
    this.#part = subTopologies(spec.plan)[spec.part]!;
    this.#readers = readersOf(spec.plan);
    this.#producer = new TaskProducer(
      ports.wire,
      spec.exactlyOnce ? transactionalId(spec.group, spec.part, spec.partition) : null,
    );
    this.#placeKey = keyPlacer(this.#part.output?.like);
    this.#state = new TaskState({
      ...ports,
      producer: this.#producer,
      topic: changelogTopic(spec.group, spec.part),
      partition: spec.partition,
      name: `${spec.group}/${spec.part}/${spec.partition}/`,
    });
    this.#ordered = allSteps(this.#part.root).some((step) => stepInputs(step).length > 1);
  }

  /** Takes the task over: fences the former owner, then offsets, then the state up to the changelog's end, then the operators. */
  async start(): Promise<void> {
    const { spec } = this;
    const { wire } = this.#ports;
    const topics = this.#part.inputs.map((input) =>
      input.op === 'repartition' ? repartitionTopic(spec.group, input.id) : input.source.topic,
    );
    const outputs = [
      ...(this.#part.output === undefined ? [] : [repartitionTopic(spec.group, this.#part.output.id)]),
      ...(spec.plan.sink === undefined ? [] : [spec.plan.sink.topic]),
      spec.processingLog,
      ...(invokesModel(spec.plan) ? [spec.deadLetters] : []),
    ];
    await wire.watch([...topics, ...outputs, ...(spec.hasState ? [changelogTopic(spec.group, spec.part)] : [])]);
    await this.#producer.init();
    const committedOf = async (reader: number): Promise<ReadonlyMap<string, number>> => {
      const wanted = topics.filter((_, i) => this.#readerOf(this.#part.inputs[i]!.id) === reader);
      return wire.committedOffsets(
        readerGroup(spec.group, reader),
        wanted.map((topic) => ({ topic, partition: spec.partition })),
      );
    };
    const readers = [...new Set(this.#part.inputs.map(({ id }) => this.#readerOf(id)))];
    const offsets = new Map(
      await Promise.all(readers.map(async (reader) => [reader, await committedOf(reader)] as const)),
    );
    if (spec.hasState) this.counts.restored = await this.#state.restore();
    this.#build();
    for (const [i, input] of this.#part.inputs.entries()) {
      const topic = topics[i]!;
      if (spec.partition >= wire.partitions(topic)) continue;
      const committed = offsets.get(this.#readerOf(input.id))!.get(`${topic}/${spec.partition}`) ?? -1;
      const isTable = input.op === 'tableSource' || input.op === 'repartition';
      const position =
        committed >= 0
          ? committed
          : ((await wire.listOffsets(topic, [spec.partition], isTable || spec.earliest ? -2 : -1)).get(
              spec.partition,
            ) ?? 0);
      const decoder: ChangeDecoder =
        input.op === 'repartition'
          ? new RepartitionDecoder()
          : new SourceDecoder(input, this.#ports.schemas, (bad) => this.#errors.badRecord(bad));
      this.inputs.push(new InputPartition(input.id, topic, spec.partition, decoder, position));
    }
  }

  #build(): void {
    const { spec } = this;
    const position = { sequence: 0 };
    this.#pipeline = new Pipeline(this.#part, {
      location: (stepId, name) => ({
        backend: this.#ports.backend,
        prefix: Buffer.concat([this.#state.prefix, Buffer.from(`${stepId}/${name}/`)]),
        cacheBytes: spec.settings.cacheBytes,
      }),
      ...reporters(this.#errors, position),
      position,
      models: this.#ports.models,
      conflate: spec.settings.conflate,
      rareCommits: true,
    });
    const { sink, root } = spec.plan;
    const isLast = this.#part.output === undefined;
    this.#encoder =
      isLast && sink !== undefined
        ? new SinkEncoder({ ...sink, partitions: this.#ports.wire.partitions(sink.topic) }, root.columns)
        : undefined;
    this.#entities =
      isLast && spec.plan.entityKey !== undefined
        ? new EntityStore(spec.plan, {
            backend: this.#ports.backend,
            prefix: Buffer.concat([this.#state.prefix, Buffer.from('entities/')]),
            cacheBytes: spec.settings.cacheBytes,
          })
        : undefined;
  }

  /** Whether a join must not go on: an input has nothing buffered and its topic has more. */
  #isBehind(): boolean {
    return (
      this.#ordered &&
      this.inputs.some(
        (input) =>
          input.isEmpty && input.fetched < (this.highWatermarks.get(`${input.topic}/${input.partition}`) ?? Infinity),
      )
    );
  }

  get errors(): number {
    return this.#errors.count;
  }
  /** Records that the inputs have and the task has not processed. */
  get lag(): number {
    return this.inputs.reduce(
      (sum, { topic, partition, reached }) =>
        sum + Math.max(0, (this.highWatermarks.get(`${topic}/${partition}`) ?? 0) - reached),
      0,
    );
  }

  /** A part of a micro-batch, and its end when nothing more is at hand; false when there is nothing to do. */
  async step(): Promise<boolean> {
    if (this.#isBehind()) return false;
    const before = this.#position();
    const started = performance.now();
    const emitted = this.#slice();
    if (emitted instanceof Promise) await emitted;
    const missing = this.#loadMissing();
    const waited = missing && (await missing);
    if (this.#position() === before) return waited || (await this.#closeIdle());
    this.#dirty = true;
    this.#isClosed = false;
    this.#lastInput = performance.now();
    if (this.#errors.origins.count >= batchRecords || this.inputs.every(({ isEmpty }) => isEmpty)) await this.#drain();
    else if (this.#producer.bytes > sendBytes) await this.#producer.send();
    this.counts.batches++;
    this.counts.batchMs += performance.now() - started;
    return true;
  }

  /** Sends what waits for stream time when there was no input for long enough and none is waiting; false when it is not due. */
  async #closeIdle(): Promise<boolean> {
    const { idleTimeoutMs } = this.spec.settings;
    if (idleTimeoutMs === undefined || this.#isClosed || performance.now() - this.#lastInput < idleTimeoutMs)
      return false;
    const isRead = ({ isEmpty, topic, partition, fetched }: InputPartition): boolean =>
      isEmpty && fetched >= (this.highWatermarks.get(`${topic}/${partition}`) ?? Infinity);
    if (!this.inputs.every(isRead)) return false;
    this.#isClosed = true;
    const { out } = this.counts;
    const emitted = this.#emitted(this.#pipeline!.closeIdle());
    if (emitted instanceof Promise) await emitted;
    if (this.counts.out === out) return false;
    this.#dirty = true;
    await this.#drain();
    return true;
  }

  /** Only where a record was met whose schema was never fetched: waiting for nothing costs too. */
  #loadMissing(): Promise<boolean> | false {
    return this.inputs.some(({ missingSchema }) => missingSchema !== undefined)
      ? loadMissing(this.inputs, this.#ports.schemas)
      : false;
  }

  /** Takes some changes and emits what they make; nothing of them is held while the caller waits for the network. */
  #slice(): Promise<void> | undefined {
    const given = new Map(this.#part.inputs.map(({ id }) => [id, [] as Change[]]));
    takeBatch(this.inputs, sliceRecords, this.#ordered, this.#errors.origins, ({ stepId }, change) =>
      given.get(stepId)!.push(change),
    );
    this.counts.in = this.inputs.reduce((sum, { records }) => sum + records, 0);
    return this.#emitted(this.#pipeline!.process(given));
  }
  #emitted(result: readonly Change[] | Promise<readonly Change[]>): Promise<void> | undefined {
    if (result instanceof Promise) return result.then((changes) => this.#emit(changes));
    this.#emit(result);
    return undefined;
  }

  /** Ends the micro-batch: rows that were held back leave, and everything is sent. */
  async #drain(): Promise<void> {
    for (const piece of this.#pipeline!.drain()) {
      const emitted = this.#emitted(piece);
      if (emitted instanceof Promise) await emitted;
      if (this.#producer.bytes > sendBytes) await this.#producer.send();
    }
    this.#errors.origins.clear();
    await this.#producer.send();
  }

  /** Which of its topic's readers an input is. */
  #readerOf(stepId: string): number {
    return this.#readers.get(stepId) ?? 0;
  }

  #position(): number {
    return this.inputs.reduce((sum, { reached }) => sum + reached, 0);
  }

  #emit(changes: readonly Change[]): void {
    const { spec } = this;
    this.counts.out += changes.length;
    this.#entities?.put(changes);
    const { output } = this.#part;
    if (output !== undefined) {
      const topic = repartitionTopic(spec.group, output.id);
      const partitions = this.#ports.wire.partitions(topic);
      for (const { key, before, after: now, timestamp, window } of changes) {
        const value = encodeShared([key, before, now, window?.start, window?.end]);
        this.#producer.add(topic, this.#placeKey(key, partitions), timestamp, keyText(key), value);
      }
      return;
    }
    const { sink } = spec.plan;
    if (sink === undefined || this.#encoder === undefined) return;
    const add: AddRecord = (partition, timestamp, key, write, row, headers) =>
      this.#producer.addWritten(sink.topic, partition, timestamp, key, write, row, headers);
    for (const change of changes) {
      try {
        this.#encoder.write(change, add);
      } catch (error) {
        this.#errors.report((error as Error).message, 'sink', change.sequence);
      }
    }
  }

  /** At the interval; sooner when the caches are full, or when the input has stopped and there is nothing else to do. */
  get commitIsDue(): boolean {
    if (!this.#dirty) return false;
    const now = performance.now();
    const since = now - this.#lastCommit;
    const isIdle = now - this.#lastInput > idleMs && since > this.spec.commitMs / 4;
    return since >= this.spec.commitMs || isIdle || this.#pipeline!.isFull;
  }

  /** Outputs, changelog, then offsets, then the local state: what is on disk is always a committed prefix. */
  async commit(): Promise<void> {
    this.#lastCommit = performance.now();
    if (!this.#dirty) return;
    const { spec } = this;
    const { onStep } = this.#ports;
    await this.#drain();
    onStep?.('begun');
    const state = this.#ports.backend.batch();
    if (spec.hasState) {
      const writer = this.#state.changelogged(state);
      this.#pipeline!.flush(writer);
      this.#entities?.flush(writer);
    }
    for (const error of this.#errors.take()) {
      const { key, value, timestamp } = processingLogRecord(error, Date.now());
      this.#producer.add(spec.processingLog, 0, timestamp, key, value);
    }
    for (const { key, value, timestamp, headers } of this.#errors.takeLetters())
      this.#producer.add(spec.deadLetters, 0, timestamp, key, value, headers);
    const offsets = new Map<string, TopicOffset[]>();
    for (const { stepId, topic, partition, reached } of this.inputs) {
      const group = readerGroup(spec.group, this.#readerOf(stepId));
      offsets.set(group, [...(offsets.get(group) ?? []), { topic, partition, offset: reached }]);
    }
    await this.#producer.flush();
    onStep?.('sent');
    if (spec.exactlyOnce) await this.#producer.commit(offsets);
    onStep?.('ended');
    if (state.length > 0) await this.#state.write(state);
    onStep?.('stored');
    if (!spec.exactlyOnce)
      for (const [group, list] of offsets) {
        if (group === spec.group) await this.#ports.commitOffsets(group, list);
        else await this.#ports.wire.commitOffsets(group, list);
      }
    this.#dirty = false;
    this.counts.commits++;
  }

  current(key: Row | undefined): Iterable<Change> | undefined {
    return this.#entities?.current(key) ?? this.#pipeline?.current(key);
  }

  forget(): void {
    this.#state.forget();
  }
}

/** Reads what `emit` wrote for the next sub-topology. */
class RepartitionDecoder implements ChangeDecoder {
  decode(record: RecordCursor, _partition: number, sequence: number): Change {
    const [key, before, now, start, end] = decodeValue(record.bytes.subarray(record.valueStart, record.valueEnd)) as [
      Row,
      Row | undefined,
      Row | undefined,
      number | undefined,
      number | undefined,
    ];
    return new Change(
      key,
      before,
      now,
      record.timestamp,
      sequence,
      start === undefined ? undefined : { start, end: end! },
    );
  }
}
