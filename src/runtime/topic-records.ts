import { batchHeader, BatchWriter, readBatchInfo, RecordCursor } from '../records/batch.ts';
import { partitionOf } from '../records/murmur2.ts';
import type { ProducedRecord, TopicRecord } from './ports/node.ts';

/** A batch for each partition that records go to: the one they name, that of their key, or without either in turn. */
export function batchesOf(
  records: readonly ProducedRecord[],
  partitions: number,
): { readonly partition: number; readonly batch: Buffer }[] {
  const writers = new Map<number, BatchWriter>();
  records.forEach(({ key, value, timestamp, headers, partition }, i) => {
    const at = partition ?? (key === null ? i % partitions : partitionOf(key, partitions));
    let writer = writers.get(at);
    if (writer === undefined) writers.set(at, (writer = new BatchWriter(1 << 12)));
    writer.add(timestamp, key, value, headers);
  });
  return [...writers].map(([partition, writer]) => ({ partition, batch: writer.finish() }));
}

/** The records of uncompressed batches from an offset on; their bytes are copies. */
export function* recordsIn(batches: readonly Buffer[], partition: number, from: number): Iterable<TopicRecord> {
  const cursor = new RecordCursor();
  for (const batch of batches) {
    cursor.open(batch, batchHeader, readBatchInfo(batch, 0, batch.length)!);
    while (cursor.next()) {
      const { offset, timestamp } = cursor;
      if (offset < from) continue;
      yield { partition, offset, timestamp, key: cursor.key(), value: cursor.value(), headers: cursor.headers() };
    }
  }
}
