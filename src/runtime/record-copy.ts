import type { RecordView } from '../records/batch.ts';

/** The bytes of a record's key or value, which outlive the record. */
export function copyOf(
  record: Pick<RecordView, 'bytes' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd'>,
  part: 'key' | 'value',
): Buffer | null {
  const [start, end] = part === 'key' ? [record.keyStart, record.keyEnd] : [record.valueStart, record.valueEnd];
  return start < 0 ? null : Buffer.from(record.bytes.subarray(start, end));
}
