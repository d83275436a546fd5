import { createRequire } from 'node:module';
import { expect, test, vi } from 'vitest';
import { BrokerContact } from '../../../src/adapters/kafka/broker-contact.ts';
import { KafkaCommands } from '../../../src/adapters/kafka/kafka-commands.ts';
import type { FetchWant } from '../../../src/adapters/kafka/responses.ts';
import { Wire } from '../../../src/adapters/kafka/wire.ts';
import { Lease } from '../../../src/util/lease.ts';

const Cluster = createRequire(import.meta.url)('kafkajs/src/cluster') as {
  readonly prototype: { findTopicPartitionMetadata(): readonly object[]; refreshMetadata(): Promise<void> };
};

test('what is read of a topic that the broker does not know for a moment goes on where it was', async () => {
  vi.spyOn(Cluster.prototype, 'findTopicPartitionMetadata').mockReturnValue([]);
  vi.spyOn(Cluster.prototype, 'refreshMetadata').mockResolvedValue();
  const wire = new Wire({ 'bootstrap.servers': '127.0.0.1:1' }, 'test');
  const fetched = await wire.fetch([{ topic: 't', partition: 0, offset: 7 }], 1, 1);
  expect(fetched).toMatchObject([
    { topic: 't', partition: 0, next: 7, batches: [], trouble: expect.stringContaining('does not exist') as string },
  ]);
  vi.restoreAllMocks();
});

test('a command topic that is away is asked for with pauses, at the same offset', async () => {
  const asked: number[] = [];
  const wire = {
    watch: () => Promise.resolve(),
    fetch: ([{ topic, partition, offset }]: [FetchWant]) => {
      asked.push(offset);
      const lease = new Lease(() => undefined);
      return Promise.resolve([{ topic, partition, batches: [], next: offset, lease, trouble: 'it is away' }]);
    },
  } as unknown as Wire;
  const commands = new KafkaCommands(wire, 'commands', 'writer', new BrokerContact('broker', () => undefined));
  await commands.open();
  await new Promise((resolve) => setTimeout(resolve, 120));
  await commands.close();
  expect(new Set(asked)).toEqual(new Set([0]));
  expect(asked.length).toBeLessThan(10);
});
