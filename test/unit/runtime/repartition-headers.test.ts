import { expect, test } from 'vitest';
import {
  batchHeader,
  BatchWriter,
  readBatchInfo,
  RecordCursor,
  type RecordHeader,
} from '../../../src/records/batch.ts';
import { Change } from '../../../src/runtime/change.ts';
import { ignoreFailures } from '../../../src/runtime/failures.ts';
import type { RepartitionStep } from '../../../src/plan/physical/step.ts';
import type { TaskLog } from '../../../src/runtime/ports/log.ts';
import { Origins } from '../../../src/runtime/task/input-merger.ts';
import { RepartitionDecoder, RepartitionWriter } from '../../../src/runtime/task/repartition.ts';

test('headers pass through a repartition topic: of the change, else of the record that caused it, else none', () => {
  const records = new BatchWriter();
  const log = {
    internalTopic: () => 'r',
    partitions: () => 1,
    append: (_topic, _partition, timestamp, key, value, headers) => records.add(timestamp, key, value, headers),
  } as Pick<TaskLog, 'internalTopic' | 'partitions' | 'append'> as TaskLog;
  const header = (value: string): RecordHeader[] => [{ key: 'trace', value: Buffer.from(value) }];
  const origins = new Origins();
  const input = { offset: 0 } as Parameters<Origins['add']>[0];
  origins.add(input, header('cause'));
  origins.add(input, undefined);
  const writer = new RepartitionWriter(log, ignoreFailures, origins, { id: 'x' } as RepartitionStep);
  writer.write([
    new Change(['a'], undefined, ['a'], 1, 0, undefined, header('own')),
    new Change(['a'], undefined, ['a'], 2, 0),
    new Change(['a'], undefined, ['a'], 3, 1),
  ]);
  const bytes = records.finish();
  const cursor = new RecordCursor();
  cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
  const decoder = new RepartitionDecoder();
  const read: unknown[] = [];
  while (cursor.next()) read.push(decoder.decode(cursor, 0, 0).headers);
  expect(read).toEqual([header('own'), header('cause'), undefined]);
});
