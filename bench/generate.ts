import { TaskProducer } from '../src/adapters/kafka/task-producer.ts';
import { Wire } from '../src/adapters/kafka/wire.ts';
import kafkajs from 'kafkajs';
import { partitionOf } from '../src/records/murmur2.ts';
import { benchEvents, shapeOf, type SpreadOptions } from './events.ts';

const partitions = 4;

/**
 * Fills a new topic of four partitions with the bench's events. Unlike the peer's generator it can make one user's events, and
 * late ones.
 */
export async function benchGenerate({
  brokers,
  topic,
  events,
  ...spread
}: {
  readonly brokers: string;
  readonly topic: string;
  readonly events: string;
} & SpreadOptions): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [brokers], logLevel: 0 }).admin();
  await admin.connect();
  const configEntries = [{ name: 'retention.ms', value: '-1' }];
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] });
  await admin.disconnect();
  const wire = new Wire({ 'bootstrap.servers': brokers }, 'bench-producer');
  await wire.connect();
  await wire.watch([topic]);
  const producer = new TaskProducer(wire, null);
  await producer.init();
  let waiting = 0;
  for (const { key, value, timestamp } of benchEvents(Number(events), shapeOf(spread))) {
    producer.add(topic, partitionOf(key, partitions), timestamp, key, value);
    if (++waiting % 5000 === 0) await producer.send();
  }
  await producer.flush();
  await wire.disconnect();
  console.log(JSON.stringify({ topic, events: waiting, ...shapeOf(spread) }));
}
