import { expect, test } from 'vitest';
import { Wire } from '../../src/adapters/kafka/wire.ts';
import { batchesOf } from '../../src/runtime/topic-records.ts';
import { brokers, createTopic, newAdmin } from './support.ts';

test('a topic that was deleted does not keep others from being read and written', async () => {
  const admin = newAdmin();
  await admin.connect();
  const wire = new Wire({ 'bootstrap.servers': brokers }, 'deleted-topic');
  await wire.connect();
  const [gone, kept, made] = ['gone', 'kept', 'made'].map((name) => `deleted_${name}_${Date.now()}`) as [
    string,
    string,
    string,
  ];
  const write = (topic: string): Promise<unknown> =>
    wire.produce(
      batchesOf([{ key: null, value: 'v', timestamp: 1, partition: 0 }], 1).map((batch) => ({ topic, ...batch })),
      null,
    );
  await createTopic(gone, 1);
  await createTopic(kept, 1);
  await wire.watch([gone, kept]);
  await write(gone);
  await admin.deleteTopics({ topics: [gone] });
  await createTopic(made, 1);
  await wire.watch([made]);
  await write(kept);
  await write(made);
  expect(await wire.listOffsets(kept, [0], -1)).toEqual(new Map([[0, 1]]));
  expect(await wire.listOffsets(made, [0], -1)).toEqual(new Map([[0, 1]]));
  await expect(wire.watch([gone])).rejects.toThrow();
  await wire.disconnect();
  await admin.disconnect();
});
