import {
  BatchWriter,
  countOf,
  writePayload,
  type Payload,
  type RecordHeader,
  type WritePayload,
} from '../../records/batch.ts';
import { RecordTimeRefused, RecordTooLarge } from '../../runtime/failures.ts';
import type { AppendRecord } from '../../runtime/ports/log.ts';
import type { TopicLimits } from './topic-limits.ts';
import type { PartitionBatch } from './produce-request.ts';
import type { ProducerIdentity, TopicOffset, Wire } from './wire.ts';

const maximumBatchBytes = 900_000;
/** A task waits for the broker while more bytes than this are unsent. */
const maximumQueuedBytes = 2 << 20;
const transactionTimeoutMs = 10_000;
const sequenceModulus = 2 ** 31;

/** The open batch of a partition, and the sequence number of its next record. */
interface Output {
  readonly topic: string;
  readonly partition: number;
  readonly writer: BatchWriter;
  readonly limits: TopicLimits;
  /** No record up to this time is too far ahead of the broker's clock. */
  latest: number;
  sequence: number;
}

function bytesOf(key: Payload): Buffer | null {
  if (key === null || Buffer.isBuffer(key)) return key;
  return typeof key === 'string' ? Buffer.from(key) : key.from(0);
}

/** Throws for a time that the topic does not take, by this machine's clock. */
function checkTime(output: Output, timestamp: number, key: Payload): void {
  const { topic, limits } = output;
  const { before, after } = limits;
  const now = Date.now();
  output.latest = now + after.ms;
  if (timestamp > output.latest) throw new RecordTimeRefused(topic, bytesOf(key), timestamp, after.name);
  if (timestamp < now - before.ms) throw new RecordTimeRefused(topic, bytesOf(key), timestamp, before.name);
}

/**
 * The producer of one task: idempotent, and transactional with exactly once. Records are collected by partition and sent as
 * batches, one request at a time, so that a retry cannot change their order.
 */
export class TaskProducer {
  readonly #wire: Wire;
  readonly #transactionalId: string | null;
  readonly #outputs = new Map<string, Output[]>();
  /** About the number of bytes added since the last `send`. */
  bytes = 0;
  readonly #inTransaction = new Set<string>();
  /** Behind the last acknowledged batch of each partition, where that is known. */
  readonly #reached = new Map<string, number>();
  #ready: PartitionBatch[] = [];
  #identity: ProducerIdentity | undefined;
  #sending: Promise<void> = Promise.resolve();
  #queuedBytes = 0;
  #failure: unknown;

  constructor(wire: Wire, transactionalId: string | null) {
    this.#wire = wire;
    this.#transactionalId = transactionalId;
  }

  async init(): Promise<void> {
    this.#identity = await this.#wire.initProducer(this.#transactionalId, transactionTimeoutMs);
    for (const outputs of this.#outputs.values()) for (const output of outputs) output.sequence = 0;
  }

  add(
    topic: string,
    partition: number,
    timestamp: number,
    key: Payload,
    value: Payload,
    headers?: readonly RecordHeader[],
  ): void {
    this.#add(this.#output(this.#topic(topic), topic, partition), timestamp, key, writePayload, value, headers);
  }

  /** A function that adds records to one topic, encoding each value directly into its batch. */
  appender(topic: string): AppendRecord {
    const outputs = this.#topic(topic);
    return (partition, timestamp, key, write, from, headers) =>
      this.#add(this.#output(outputs, topic, partition), timestamp, key, write, from, headers);
  }

  #add<T>(
    output: Output,
    timestamp: number,
    key: Payload,
    write: WritePayload<T>,
    from: T,
    headers: readonly RecordHeader[] | undefined,
  ): void {
    const { writer, limits } = output;
    // Kafka's default of 64 bits is no limit: then the clock is not looked at for each record.
    if (timestamp > output.latest || limits.before.ms <= Number.MAX_SAFE_INTEGER) checkTime(output, timestamp, key);
    const before = writer.size;
    writer.addWritten(timestamp, key, write, from, headers);
    if (writer.size > limits.bytes) this.#addAlone(output, timestamp, key, write, from, headers);
    this.bytes += writer.size - before;
    if (writer.size > maximumBatchBytes) this.#finish(output);
  }
  /** The record that was just added made its batch larger than the topic takes: it begins the next one, if it is not too large itself. */
  #addAlone<T>(
    output: Output,
    timestamp: number,
    key: Payload,
    write: WritePayload<T>,
    from: T,
    headers: readonly RecordHeader[] | undefined,
  ): void {
    const { writer, topic, limits } = output;
    writer.takeBack();
    if (writer.count > 0) this.#finish(output);
    writer.addWritten(timestamp, key, write, from, headers);
    const { size } = writer;
    if (size <= limits.bytes) return;
    writer.takeBack();
    throw new RecordTooLarge(topic, bytesOf(key), size, limits.bytes);
  }

  #topic(topic: string): Output[] {
    let outputs = this.#outputs.get(topic);
    if (outputs === undefined) this.#outputs.set(topic, (outputs = []));
    return outputs;
  }
  #output(outputs: Output[], topic: string, partition: number): Output {
    for (let next = outputs.length; next <= partition; next++)
      outputs.push({
        topic,
        partition: next,
        writer: new BatchWriter(1 << 12),
        limits: this.#wire.limits(topic),
        latest: -Infinity,
        sequence: 0,
      });
    return outputs[partition]!;
  }

  #finish(output: Output): void {
    const { topic, partition, writer, sequence } = output;
    output.sequence = (sequence + writer.count) % sequenceModulus;
    const batch = writer.finish({ ...this.#identity!, sequence, transactional: this.#transactionalId !== null });
    this.#ready.push({ topic, partition, batch });
  }

  /** Sends the collected records, in order; waits only while too much is unsent. */
  async send(): Promise<void> {
    this.bytes = 0;
    for (const outputs of this.#outputs.values())
      for (const output of outputs) if (output.writer.count > 0) this.#finish(output);
    if (this.#ready.length > 0) this.#queue(this.#ready);
    this.#ready = [];
    if (this.#queuedBytes > maximumQueuedBytes) await this.#sending;
    this.#check();
  }

  #queue(batches: readonly PartitionBatch[]): void {
    const bytes = batches.reduce((sum, { batch }) => sum + batch.length, 0);
    this.#queuedBytes += bytes;
    this.#sending = this.#sending.then(async () => {
      try {
        // After a failure nothing is sent, which would leave a gap: the task restarts from its last commit.
        if (this.#failure === undefined) await this.#sendAll(batches);
      } catch (error) {
        this.#failure = error;
      }
      this.#queuedBytes -= bytes;
    });
  }

  async #sendAll(batches: readonly PartitionBatch[]): Promise<void> {
    if (this.#transactionalId !== null) {
      const fresh = batches.filter(({ topic, partition }) => !this.#inTransaction.has(`${topic}/${partition}`));
      if (fresh.length > 0) {
        const topics = new Map<string, Set<number>>();
        for (const { topic, partition } of fresh) topics.set(topic, (topics.get(topic) ?? new Set()).add(partition));
        await this.#wire.addPartitions(
          this.#transactionalId,
          this.#identity!,
          [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
        );
        for (const { topic, partition } of fresh) this.#inTransaction.add(`${topic}/${partition}`);
      }
    }
    // Brokers accept one batch per partition and request.
    let left = [...batches];
    while (left.length > 0) {
      const seen = new Set<string>();
      const now = left.filter(
        ({ topic, partition }) => !seen.has(`${topic}/${partition}`) && seen.add(`${topic}/${partition}`),
      );
      left = left.filter((batch) => !now.includes(batch));
      const offsets = await this.#wire.produce(now, this.#transactionalId);
      for (const { topic, partition, batch } of now) {
        const name = `${topic}/${partition}`;
        const offset = offsets.get(name);
        if (offset === undefined) this.#reached.delete(name);
        else this.#reached.set(name, offset + countOf(batch));
      }
    }
  }
  /** The offset behind what it wrote last to a partition and is acknowledged; undefined for nothing, or if the broker did not tell. */
  reached(topic: string, partition: number): number | undefined {
    return this.#reached.get(`${topic}/${partition}`);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  /** Waits until all records are acknowledged. */
  async flush(): Promise<void> {
    await this.send();
    await this.#sending;
    this.#check();
  }

  /** Commits the transaction with the input offsets of each group: readers see all of it or nothing. */
  async commit(offsets: ReadonlyMap<string, readonly TopicOffset[]>): Promise<void> {
    for (const [group, list] of offsets)
      await this.#wire.commitOffsetsInTransaction(this.#transactionalId!, this.#identity!, group, list);
    await this.#wire.endTransaction(this.#transactionalId!, this.#identity!, true);
    this.#inTransaction.clear();
  }
}
