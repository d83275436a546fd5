import { BatchWriter } from '../records/batch.ts';
import type { AppendRecord } from './ports/log.ts';

/** Records that were appended and not committed yet, as one batch a topic and partition: for logs that hold them in memory. */
export class OpenBatches {
  readonly #writers = new Map<string, BatchWriter[]>();
  readonly #capacity: number | undefined;

  /** `capacity`: the bytes that a batch begins with. */
  constructor(capacity?: number) {
    this.#capacity = capacity;
  }

  appender(topic: string): AppendRecord {
    let writers = this.#writers.get(topic);
    if (writers === undefined) this.#writers.set(topic, (writers = []));
    const open = writers;
    return (partition, timestamp, key, write, from, headers) => {
      while (open.length <= partition) open.push(new BatchWriter(this.#capacity));
      open[partition]!.addWritten(timestamp, key, write, from, headers);
    };
  }

  /** The batches that have records, which begin anew. */
  finish(): { readonly topic: string; readonly partition: number; readonly batch: Buffer }[] {
    return [...this.#writers].flatMap(([topic, writers]) =>
      writers.flatMap((writer, partition) =>
        writer.count === 0 ? [] : [{ topic, partition, batch: writer.finish() }],
      ),
    );
  }
}
