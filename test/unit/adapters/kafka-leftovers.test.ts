import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { BrokerContact } from '../../../src/adapters/kafka/broker-contact.ts';
import { KafkaCommands } from '../../../src/adapters/kafka/kafka-commands.ts';
import type { FetchWant } from '../../../src/adapters/kafka/responses.ts';
import { Wire } from '../../../src/adapters/kafka/wire.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { Lease } from '../../../src/util/lease.ts';

interface Cluster {
  readonly targetTopics: Set<string>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly object[];
  findGroupCoordinator(options: object): Promise<object>;
}
const { prototype: cluster } = createRequire(import.meta.url)('kafkajs/src/cluster') as { readonly prototype: Cluster };

afterEach(() => {
  vi.restoreAllMocks();
});

test('topics and coordinators of a dropped query are not kept', async () => {
  const clusters = new Set<Cluster>();
  vi.spyOn(cluster, 'addMultipleTargetTopics').mockImplementation(function (this: Cluster, topics) {
    clusters.add(this);
    for (const topic of topics) this.targetTopics.add(topic);
    return Promise.resolve();
  });
  vi.spyOn(cluster, 'findTopicPartitionMetadata').mockReturnValue([{ partitionId: 0, leader: 1 }]);
  const coordinator = { offsetFetch: () => Promise.resolve({ responses: [] }) };
  const asked = vi.spyOn(cluster, 'findGroupCoordinator').mockResolvedValue(coordinator);
  const wire = new Wire({ 'bootstrap.servers': '127.0.0.1:1' }, 'test');
  await wire.watch(['gone', 'kept']);
  for (let i = 0; i < 2; i++) for (const group of ['a', 'b']) await wire.committedOffsets(group, []);
  expect(asked).toHaveBeenCalledTimes(2);
  wire.forget(['a'], ['gone']);
  for (const { targetTopics } of clusters) expect([...targetTopics]).toEqual(['kept']);
  expect(clusters.size).toBe(4);
  for (const group of ['a', 'b']) await wire.committedOffsets(group, []);
  expect(asked).toHaveBeenCalledTimes(3);
});

test('a group that is gone, or that has other members, is no error when it is deleted; one that must not be deleted is', async () => {
  const answers = [0, 69, 68, 30].map((errorCode) => ({
    results: [
      {
        errorCode,
        ...(errorCode !== 0 && { error: Object.assign(new Error('x'), { type: 'GROUP_AUTHORIZATION_FAILED' }) }),
      },
    ],
  }));
  vi.spyOn(cluster, 'findGroupCoordinator').mockResolvedValue({ deleteGroups: () => Promise.resolve(answers.shift()) });
  const wire = new Wire({ 'bootstrap.servers': '127.0.0.1:1' }, 'test');
  for (let i = 0; i < 3; i++) await wire.deleteGroup('g');
  await expect(wire.deleteGroup('g')).rejects.toThrow('do not give this node DELETE on group "g"');
});

test('commands that are applied are not kept in memory, and the others keep their numbers', async () => {
  const topic = ['zero', 'one', 'two', 'three'];
  const wire = {
    watch: () => Promise.resolve(),
    fetch: async ([{ offset }]: [FetchWant]) => {
      if (offset === topic.length) await new Promise((resolve) => setTimeout(resolve, 5));
      const records = topic.slice(offset).map((value) => ({ key: null, value, timestamp: 1, partition: 0 }));
      const batches = batchesOf(records, 1).map(({ batch }) => batch);
      for (const batch of batches) batch.writeBigInt64BE(BigInt(offset));
      return [{ batches, next: topic.length, lease: new Lease(() => undefined) }];
    },
  } as unknown as Wire;
  const commands = new KafkaCommands(wire, 'commands', 'writer', new BrokerContact('broker', () => undefined));
  await commands.open();
  await expect.poll(() => commands.known(-1).length).toBe(4);
  expect(commands.known(1)).toEqual([
    { number: 2, command: 'two' },
    { number: 3, command: 'three' },
  ]);
  topic.push('four');
  await expect.poll(() => commands.known(3)).toEqual([{ number: 4, command: 'four' }]);
  // What was given up is not there any more, whoever asks.
  expect(commands.known(-1)).toEqual([{ number: 4, command: 'four' }]);
  // One that this node has appended is applied before it is read, and is not one more when it is.
  expect(commands.known(5)).toEqual([]);
  topic.push('five');
  await new Promise((resolve) => setTimeout(resolve, 50));
  topic.push('six');
  await expect.poll(() => commands.known(5)).toEqual([{ number: 6, command: 'six' }]);
  await commands.close();
});
