import { BatchWriter } from '../records/batch.ts';
import type { AppendRecord } from './ports/log.ts';

/**
 * Records that are appended but not committed, as one open batch per topic and partition, for logs that keep them in memory.
 */
export class OpenBatches {
  readonly #writers = new Map<string, BatchWriter[]>();
  readonly #capacity: number | undefined;

  /** `capacity`: the initial size of a batch in bytes. */
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

  /** Returns the non-empty batches, and begins new ones. */
  finish(): { readonly topic: string; readonly partition: number; readonly batch: Buffer }[] {
    return [...this.#writers].flatMap(([topic, writers]) =>
      writers.flatMap((writer, partition) =>
        writer.count === 0 ? [] : [{ topic, partition, batch: writer.finish() }],
      ),
    );
  }
}
