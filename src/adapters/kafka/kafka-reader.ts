import type { FetchedPartition, TopicReader, TopicRecord } from '../../runtime/ports/node.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import type { Fetched } from './responses.ts';
import type { Wire } from './wire.ts';

/** Reads all partitions of a topic, over connections of its own. */
export class KafkaReader implements TopicReader {
  readonly #wire: Wire;
  readonly #topic: string;
  readonly #positions: Map<number, number>;
  /** The partitions' ends when the reader was opened, and their last known ends. */
  readonly #ends: ReadonlyMap<number, number>;
  readonly #known: Map<number, number>;
  #closed = false;

  private constructor(wire: Wire, topic: string, positions: Map<number, number>, ends: Map<number, number>) {
    this.#wire = wire;
    this.#topic = topic;
    this.#positions = positions;
    this.#ends = ends;
    this.#known = new Map(ends);
  }

  static async open(wire: Wire, topic: string, from: 'beginning' | 'end'): Promise<KafkaReader> {
    await wire.connect();
    await wire.watch([topic]);
    const partitions = Array.from({ length: wire.partitions(topic) }, (_, i) => i);
    const ends = await wire.listOffsets(topic, partitions, -1);
    const positions = from === 'end' ? new Map(ends) : await wire.listOffsets(topic, partitions, -2);
    return new KafkaReader(wire, topic, positions, ends);
  }

  get positions(): readonly number[] {
    return Array.from({ length: this.#positions.size }, (_, partition) => this.#positions.get(partition)!);
  }
  end(partition: number): number {
    return this.#known.get(partition) ?? 0;
  }
  get caughtUp(): boolean {
    return [...this.#ends].every(([partition, end]) => (this.#positions.get(partition) ?? 0) >= end);
  }

  #fetch(waitMs: number): Promise<Fetched[]> {
    const wants = [...this.#positions].map(([partition, offset]) => ({ topic: this.#topic, partition, offset }));
    return this.#closed ? Promise.resolve([]) : this.#wire.fetch(wants, waitMs, 4 << 20);
  }

  async fetch(waitMs: number): Promise<readonly FetchedPartition[]> {
    const fetched = await this.#fetch(waitMs);
    for (const { partition, next, highWatermark } of fetched) {
      this.#positions.set(partition, next);
      this.#known.set(partition, highWatermark);
    }
    return fetched;
  }

  async poll(maximum: number, waitMs: number): Promise<readonly TopicRecord[]> {
    const records: TopicRecord[] = [];
    for (const { partition, batches, next, lease } of await this.#fetch(waitMs)) {
      let position = next;
      for (const record of recordsIn(batches, partition, this.#positions.get(partition)!)) {
        if (records.length >= maximum) {
          position = record.offset;
          break;
        }
        records.push(record);
      }
      this.#positions.set(partition, position);
      lease.release();
    }
    return records;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#wire.disconnect().catch(() => undefined);
  }
}
