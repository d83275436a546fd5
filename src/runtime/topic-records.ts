import { batchHeader, BatchWriter, readBatchInfo, RecordCursor } from '../records/batch.ts';
import { partitionOf } from '../records/murmur2.ts';
import type { ProducedRecord, TopicRecord } from './ports/node.ts';

/** Groups records into one batch per partition: the given partition, else that of the key, else in turn. */
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

/** About what a record takes in a batch beside its key, value and headers. */
const recordOverhead = 64;

/** Lists of records that are each at most so many bytes as one batch, in their order; a record that is larger is a list of its own. */
export function* listsWithin(records: readonly ProducedRecord[], bytes: number): Iterable<readonly ProducedRecord[]> {
  let [from, size] = [0, recordOverhead];
  for (const [i, record] of records.entries()) {
    const own = sizeOf(record);
    if (i > from && size + own > bytes) {
      yield records.slice(from, i);
      [from, size] = [i, recordOverhead];
    }
    size += own;
  }
  if (from < records.length) yield records.slice(from);
}
const sizeOf = ({ key, value, headers = [] }: ProducedRecord): number =>
  recordOverhead +
  bytesOf(key) +
  bytesOf(value) +
  headers.reduce((sum, header) => sum + recordOverhead + bytesOf(header.value), 0);
const bytesOf = (payload: string | Buffer | null | undefined): number =>
  payload == null ? 0 : Buffer.byteLength(payload);

/** The records of uncompressed batches from an offset on, as copies. */
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
