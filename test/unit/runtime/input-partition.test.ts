import { expect, test } from 'vitest';
import { BatchWriter } from '../../../src/records/batch.ts';
import { Change } from '../../../src/runtime/change.ts';
import { InputPartition } from '../../../src/runtime/task/input-merger.ts';
import { Lease } from '../../../src/util/lease.ts';

function batch(baseOffset: number, count: number): Buffer {
  const writer = new BatchWriter();
  for (let i = 0; i < count; i++) writer.add(i, null, null);
  const bytes = writer.finish();
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  return bytes;
}

test('the memory of an answer is held until its last batch has been read', () => {
  const decoder = { decode: () => new Change([], undefined, undefined, 0, 0) };
  const input = new InputPartition('step', { topic: 'topic', partition: 0, reader: 0, offset: 0 }, decoder);
  let isFree = false;
  const lease = new Lease(() => (isFree = true));
  input.add([batch(0, 2), batch(2, 1)], lease);
  lease.release();
  for (let i = 0; i < 3; i++) {
    expect(input.peek()).toBeDefined();
    input.take(i);
    expect(isFree).toBe(false);
  }
  expect(input.peek()).toBeUndefined();
  expect(isFree).toBe(true);
});
