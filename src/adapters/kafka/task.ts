import type { PhysicalPlan } from '../../plan/physical/step.ts';
import { allSteps } from '../../plan/physical/step.ts';
import { subTopologies, type SubTopology } from '../../plan/physical/topology.ts';
import { partitionOf } from '../../records/murmur2.ts';
import { batchHeader, readBatchInfo, RecordCursor } from '../../records/batch.ts';
import { Change, keyText, type Row } from '../../runtime/change.ts';
import { decodeValue, encodeShared, encodeValue } from '../../runtime/codec.ts';
import { EntityStore } from '../../runtime/entity-store.ts';
import { InputPartition, takeBatch, type ChangeDecoder, type Origins } from '../../runtime/input-merger.ts';
import { Pipeline } from '../../runtime/pipeline.ts';
import type { ModelHost } from '../../runtime/ports/model-host.ts';
import type { StateBackend, StateBatch, StateWriter } from '../../runtime/ports/state-backend.ts';
import { processingLogRecord, type ProcessingError } from '../../runtime/processing-log.ts';
import { SinkEncoder } from '../../runtime/sink-encoder.ts';
import { SourceDecoder } from '../../runtime/source-decoder.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { changelogTopic, repartitionTopic, transactionalId } from './names.ts';
import { TaskProducer } from './task-producer.ts';
import type { Wire } from './wire.ts';

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
  readonly conflate: boolean;
  readonly earliest: boolean;
  readonly processingLog: string;
  readonly hasState: boolean;
}

export interface TaskPorts {
  readonly wire: Wire;
  readonly backend: StateBackend;
  readonly models: ModelHost | undefined;
  /** At least once: the group's offsets are committed by its member, in the main thread. */
  readonly commitOffsets: (
    group: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
  ) => Promise<void>;
}

/** So many records are processed between two looks at other tasks; they make garbage, which is to die young. */
const sliceRecords = 1000;
/** A table's rows are conflated over so many records at most, or until nothing more is at hand. */
const batchRecords = 20_000;
const sendBytes = 1 << 18;

/** One sub-topology of a query on one partition number: restores, then reads, processes and commits until it is stopped. */
export class KafkaTask {
  readonly spec: TaskSpec;
  readonly inputs: InputPartition[] = [];
  readonly counts = { in: 0, out: 0, errors: 0, restored: 0 };
  readonly highWatermarks = new Map<string, number>();
  readonly #ports: TaskPorts;
  readonly #part: SubTopology;
  readonly #producer: TaskProducer;
  readonly #prefix: Buffer;
  readonly #ordered: boolean;
  #pipeline: Pipeline | undefined;
  #entities: EntityStore | undefined;
  #encoder: SinkEncoder | undefined;
  #errors: ProcessingError[] = [];
  #origins: Origins = { inputs: [], offsets: [] };
  #lastCommit = performance.now();
  #dirty = false;
  #changelogNext = 0;

  constructor(spec: TaskSpec, ports: TaskPorts) {
    this.spec = spec;
    this.#ports = ports;
    this.#part = subTopologies(spec.plan)[spec.part]!;
    this.#producer = new TaskProducer(
      ports.wire,
      spec.exactlyOnce ? transactionalId(spec.group, spec.part, spec.partition) : null,
    );
    this.#prefix = Buffer.from(`${spec.group}/${spec.part}/${spec.partition}/`);
    this.#ordered = allSteps(this.#part.root).some(
      ({ op }) => op === 'streamTableJoin' || op === 'streamStreamJoin' || op === 'tableTableJoin',
    );
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
    ];
    await wire.watch([...topics, ...outputs, ...(spec.hasState ? [changelogTopic(spec.group, spec.part)] : [])]);
    await this.#producer.init();
    const offsets = await wire.committedOffsets(
      spec.group,
      topics.map((topic) => ({ topic, partition: spec.partition })),
    );
    if (spec.hasState) await this.#restore();
    this.#build();
    for (const [i, input] of this.#part.inputs.entries()) {
      const topic = topics[i]!;
      if (spec.partition >= wire.partitions(topic)) continue;
      const committed = offsets.get(`${topic}/${spec.partition}`) ?? -1;
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
          : new SourceDecoder(input, (bad) =>
              this.#count({
                query: spec.queryId,
                type: 'DESERIALIZATION',
                ...bad,
                message: `${bad.target}: ${bad.message}`,
              }),
            );
      this.inputs.push(new InputPartition(input.id, topic, spec.partition, decoder, position));
    }
  }

  /** Local state is used when it is where the changelog ends, or the changelog still has its tail; else it is made anew. */
  async #restore(): Promise<void> {
    const { spec } = this;
    const { wire, backend } = this.#ports;
    const topic = changelogTopic(spec.group, spec.part);
    const end = (await wire.listOffsets(topic, [spec.partition], -1)).get(spec.partition) ?? 0;
    const start = (await wire.listOffsets(topic, [spec.partition], -2)).get(spec.partition) ?? 0;
    const stored = backend.getMany([this.#positionKey()])[0];
    let position = stored === undefined ? -1 : (decodeValue(stored) as number);
    if (position < start || position > end) {
      backend.deleteRange(this.#prefix, after(this.#prefix));
      position = start;
    }
    const cursor = new RecordCursor();
    while (position < end) {
      const [fetched] = await wire.fetch([{ topic, partition: spec.partition, offset: position }], 500, 8 << 20);
      if (fetched === undefined) continue;
      const writes = backend.batch();
      for (const batch of fetched.batches) {
        cursor.open(batch, batchHeader, readBatchInfo(batch, 0, batch.length)!);
        while (cursor.next()) {
          if (cursor.offset < position) continue;
          const key = Buffer.concat([this.#prefix, cursor.key()!]);
          const value = cursor.value();
          if (value === null) writes.delete(key);
          else writes.put(key, value);
          this.counts.restored++;
        }
      }
      position = fetched.next;
      this.#writePosition(writes, position);
    }
    this.#changelogNext = end;
    this.#writePosition(backend.batch(), end);
  }

  /** Writes a batch with the place in the changelog that the state is then at. */
  #writePosition(batch: StateBatch, position: number): void {
    batch.put(this.#positionKey(), encodeValue(position));
    batch.write(false);
  }
  #positionKey(): Buffer {
    return Buffer.from(`position/${this.#prefix.toString()}`);
  }

  #build(): void {
    const { spec } = this;
    const position = { sequence: 0 };
    this.#pipeline = new Pipeline(this.#part, {
      location: (stepId, name) => ({
        backend: this.#ports.backend,
        prefix: Buffer.concat([this.#prefix, Buffer.from(`${stepId}/${name}/`)]),
      }),
      report: (error, what) =>
        this.#report(error instanceof Error ? error.message : String(error), what, position.sequence),
      onLate: (change) =>
        this.#report(`the event at ${change.timestamp} came after its window's grace period`, 'late', change.sequence),
      position,
      models: this.#ports.models,
      conflate: spec.conflate,
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
            prefix: Buffer.concat([this.#prefix, Buffer.from('entities/')]),
          })
        : undefined;
  }

  #count(error: ProcessingError): void {
    this.counts.errors++;
    if (this.#errors.length < 1000) this.#errors.push(error);
  }
  #report(message: string, what: string, sequence: number): void {
    const input = this.#origins.inputs[sequence];
    this.#count({
      query: this.spec.queryId,
      type: what === 'late' ? 'LATE' : what === 'INVOKE MODEL' ? 'MODEL' : 'PROCESSING',
      topic: input?.topic ?? '',
      partition: input?.partition ?? -1,
      offset: this.#origins.offsets[sequence] ?? -1,
      message,
    });
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

  /** A part of a micro-batch, and its end when nothing more is at hand; false when there is nothing to do. */
  async step(): Promise<boolean> {
    if (this.#isBehind()) return false;
    const before = this.#position();
    const given = new Map(this.#part.inputs.map(({ id }) => [id, [] as Change[]]));
    const taken = takeBatch(this.inputs, sliceRecords, this.#ordered, this.#origins, ({ stepId }, change) =>
      given.get(stepId)!.push(change),
    );
    if (taken === 0 && this.#position() === before) return false;
    this.counts.in += taken;
    this.#dirty = true;
    await this.#emit(this.#pipeline!.process(given));
    if (this.#origins.offsets.length >= batchRecords || this.inputs.every(({ isEmpty }) => isEmpty))
      await this.#drain();
    else if (this.#producer.bytes > sendBytes) await this.#producer.send();
    return true;
  }

  /** Ends the micro-batch: rows that were held back leave, and everything is sent. */
  async #drain(): Promise<void> {
    for (const piece of this.#pipeline!.drain()) {
      await this.#emit(piece);
      if (this.#producer.bytes > sendBytes) await this.#producer.send();
    }
    this.#origins = { inputs: [], offsets: [] };
    await this.#producer.send();
  }

  #position(): number {
    return this.inputs.reduce((sum, { position, fetched, isEmpty }) => sum + (isEmpty ? fetched : position), 0);
  }

  async #emit(result: readonly Change[] | Promise<readonly Change[]>): Promise<void> {
    const changes = result instanceof Promise ? await result : result;
    const { spec } = this;
    this.counts.out += changes.length;
    this.#entities?.put(changes);
    const { output } = this.#part;
    if (output !== undefined) {
      const topic = repartitionTopic(spec.group, output.id);
      const partitions = this.#ports.wire.partitions(topic);
      for (const { key, before, after: now, timestamp, window } of changes) {
        const text = keyText(key);
        const value = encodeShared([key, before, now, window?.start, window?.end]);
        this.#producer.add(topic, partitionOf(text, partitions), timestamp, text, value);
      }
      return;
    }
    const { sink } = spec.plan;
    if (sink === undefined || this.#encoder === undefined) return;
    for (const change of changes) {
      try {
        const { key, value, timestamp, partition } = this.#encoder.encode(change);
        this.#producer.add(sink.topic, partition, timestamp, key, value, change.headers);
      } catch (error) {
        this.#report((error as Error).message, 'sink', change.sequence);
      }
    }
  }

  get commitIsDue(): boolean {
    return this.#dirty && (performance.now() - this.#lastCommit >= this.spec.commitMs || this.#pipeline!.isFull);
  }

  /** Outputs, changelog, then offsets, then the local state: what is on disk is always a committed prefix. */
  async commit(): Promise<void> {
    this.#lastCommit = performance.now();
    if (!this.#dirty) return;
    const { spec } = this;
    await this.#drain();
    const state = this.#ports.backend.batch();
    if (spec.hasState) {
      const writer = this.#changelogged(state);
      this.#pipeline!.flush(writer);
      this.#entities?.flush(writer);
    }
    for (const error of this.#errors.splice(0)) {
      const { key, value, timestamp } = processingLogRecord(error, Date.now());
      this.#producer.add(spec.processingLog, 0, timestamp, key, value);
    }
    const offsets = this.inputs.map(({ topic, partition, position, fetched, isEmpty }) => ({
      topic,
      partition,
      offset: isEmpty ? fetched : position,
    }));
    await this.#producer.flush();
    if (spec.exactlyOnce) await this.#producer.commit(spec.group, offsets);
    if (state.length > 0) {
      // The end of the changelog is what the broker says: transaction markers take offsets too.
      const end =
        (await this.#ports.wire.listOffsets(changelogTopic(spec.group, spec.part), [spec.partition], -1)).get(
          spec.partition,
        ) ?? this.#changelogNext;
      this.#changelogNext = end;
      this.#writePosition(state, end);
    }
    if (!spec.exactlyOnce) await this.#ports.commitOffsets(spec.group, offsets);
    this.#dirty = false;
  }

  /** Writes each change of state into the local batch and into the changelog. */
  #changelogged(batch: StateBatch): StateWriter {
    const { spec } = this;
    const topic = changelogTopic(spec.group, spec.part);
    const skip = this.#prefix.length;
    const now = Date.now();
    return {
      put: (key, value) => {
        batch.put(key, value);
        this.#producer.add(topic, spec.partition, now, key.subarray(skip), value);
      },
      delete: (key) => {
        batch.delete(key);
        this.#producer.add(topic, spec.partition, now, key.subarray(skip), null);
      },
    };
  }

  current(key: Row | undefined): Iterable<Change> | undefined {
    return this.#entities?.current(key) ?? this.#pipeline?.current(key);
  }

  forget(): void {
    this.#ports.backend.deleteRange(this.#prefix, after(this.#prefix));
    const batch = this.#ports.backend.batch();
    batch.delete(this.#positionKey());
    batch.write(false);
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
