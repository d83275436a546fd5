import { BatchWriter, setProducer } from '../../records/batch.ts';
import type { PartitionBatch, ProducerIdentity, Wire } from './wire.ts';

const maximumBatchBytes = 900_000;
const transactionTimeoutMs = 10_000;
const sequenceModulus = 2 ** 31;

/**
 * The producer of one task: idempotent always, transactional under exactly once. Records are collected by partition and sent as
 * batches, one request at a time, so that a retry can never overtake.
 */
export class TaskProducer {
  readonly #wire: Wire;
  readonly #transactionalId: string | null;
  readonly #writers = new Map<string, { topic: string; partition: number; writer: BatchWriter }>();
  readonly #sequences = new Map<string, number>();
  readonly #inTransaction = new Set<string>();
  #ready: PartitionBatch[] = [];
  #identity: ProducerIdentity | undefined;
  #sending: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Where each partition's log stands behind what this producer has sent, by topic and partition. */
  readonly sent = new Map<string, number>();

  constructor(wire: Wire, transactionalId: string | null) {
    this.#wire = wire;
    this.#transactionalId = transactionalId;
  }

  async init(): Promise<void> {
    this.#identity = await this.#wire.initProducer(this.#transactionalId, transactionTimeoutMs);
    this.#sequences.clear();
  }

  add(
    topic: string,
    partition: number,
    timestamp: number,
    key: string | Buffer | null,
    value: string | Buffer | null,
    headers?: Parameters<BatchWriter['add']>[3],
  ): void {
    const name = `${topic}/${partition}`;
    let entry = this.#writers.get(name);
    if (entry === undefined) this.#writers.set(name, (entry = { topic, partition, writer: new BatchWriter() }));
    entry.writer.add(timestamp, key, value, headers);
    if (entry.writer.size > maximumBatchBytes) this.#finish(entry);
  }

  #finish({ topic, partition, writer }: { topic: string; partition: number; writer: BatchWriter }): void {
    const count = writer.count;
    const batch = writer.finish();
    const name = `${topic}/${partition}`;
    const sequence = this.#sequences.get(name) ?? 0;
    setProducer(batch, this.#identity!.id, this.#identity!.epoch, sequence, this.#transactionalId !== null);
    this.#sequences.set(name, (sequence + count) % sequenceModulus);
    this.#ready.push({ topic, partition, batch });
  }

  /** Starts sending what was collected; waits only for the request before it. */
  async send(): Promise<void> {
    for (const entry of this.#writers.values()) if (entry.writer.count > 0) this.#finish(entry);
    if (this.#ready.length === 0) return;
    const batches = this.#ready;
    this.#ready = [];
    await this.#sending;
    this.#check();
    this.#sending = this.#sendAll(batches).catch((error: unknown) => {
      this.#failure = error;
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
    // One batch a partition and request: brokers take no more.
    let left = [...batches];
    while (left.length > 0) {
      const seen = new Set<string>();
      const now = left.filter(
        ({ topic, partition }) => !seen.has(`${topic}/${partition}`) && seen.add(`${topic}/${partition}`),
      );
      left = left.filter((each) => !now.includes(each));
      await this.#wire.produce(now, this.#transactionalId);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  /** Waits until everything is acknowledged. */
  async flush(): Promise<void> {
    await this.send();
    await this.#sending;
    this.#check();
  }

  /** Ends the transaction with the input offsets in it: after this everything that was sent is seen, or nothing. */
  async commit(group: string, offsets: readonly { topic: string; partition: number; offset: number }[]): Promise<void> {
    await this.#wire.commitOffsetsInTransaction(this.#transactionalId!, this.#identity!, group, offsets);
    await this.#wire.endTransaction(this.#transactionalId!, this.#identity!, true);
    this.#inTransaction.clear();
  }
}
