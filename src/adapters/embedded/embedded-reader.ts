import { readBatchInfo } from '../../records/batch.ts';
import type { FetchedPartition, TopicReader, TopicRecord } from '../../runtime/ports/node.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import { AutoResetEvent } from '../../util/auto-reset-event.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const fetchBytes = 1 << 18;

/** Reads the committed records of a topic of the embedded log. */
export class EmbeddedReader implements TopicReader {
  readonly #log: EmbeddedLog;
  readonly #topic: string;
  readonly positions: number[];
  readonly #ends: number[];
  readonly #event = new AutoResetEvent();
  #closed = false;

  constructor(log: EmbeddedLog, topic: string, partitions: number, from: 'beginning' | 'end') {
    this.#log = log;
    this.#topic = topic;
    const logs = Array.from({ length: partitions }, (_, partition) => log.partition(topic, partition)!);
    this.#ends = logs.map(({ committed }) => committed);
    this.positions = logs.map(({ start, committed }) => (from === 'beginning' ? start : committed));
  }

  get caughtUp(): boolean {
    return this.positions.every((position, i) => position >= this.#ends[i]!);
  }

  end(partition: number): number {
    return this.#log.partition(this.#topic, partition)?.committed ?? 0;
  }

  async fetch(waitMs: number): Promise<readonly FetchedPartition[]> {
    const fetched = this.#fetch();
    if (fetched.length > 0 || waitMs === 0 || this.#closed) return fetched;
    await this.#wait(waitMs);
    return this.#fetch();
  }
  /** Called in the same turn as the fetch before it, so no commit goes unnoticed in between. */
  async #wait(ms: number): Promise<void> {
    const unwatch = this.#log.watch([this.#topic], this.#event);
    await this.#event.wait(ms);
    unwatch();
  }
  #fetch(): FetchedPartition[] {
    return this.positions.flatMap((position, partition) => {
      const batches = this.#batches(position, partition);
      const last = batches.at(-1);
      if (last === undefined) return [];
      const next = readBatchInfo(last, 0, last.length)!.lastOffset + 1;
      this.positions[partition] = next;
      return [{ partition, batches, next, lease: undefined }];
    });
  }

  /** The next batches. Where there are none any more before the end, the position goes there. */
  #batches(position: number, partition: number): readonly Buffer[] {
    const log = this.#log.partition(this.#topic, partition);
    const batches = log?.read(position, fetchBytes) ?? [];
    if (log !== undefined && batches.length === 0) this.positions[partition] = Math.max(position, log.committed);
    return batches;
  }

  async poll(maximum: number, waitMs: number): Promise<readonly TopicRecord[]> {
    const records = this.#read(maximum);
    if (records.length > 0 || waitMs === 0 || this.#closed) return records;
    await this.#wait(waitMs);
    return this.#read(maximum);
  }

  #read(maximum: number): TopicRecord[] {
    const records: TopicRecord[] = [];
    for (const [partition, position] of this.positions.entries()) {
      for (const record of recordsIn(this.#batches(position, partition), partition, position)) {
        if (records.length >= maximum) return records;
        records.push(record);
        this.positions[partition] = record.offset + 1;
      }
    }
    return records;
  }

  close(): void {
    this.#closed = true;
    this.#event.set();
  }
}
