import kafkajs from 'kafkajs';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { clientConfig, type ClientSettings } from './client-config.ts';
import { commandTopicSettings } from './kafka-commands.ts';
import { KafkaReader } from './kafka-reader.ts';
import { commandTopic } from './names.ts';
import { Topics } from './topics.ts';
import { Wire } from './wire.ts';

/** How many commands a transaction takes. */
const batchSize = 500;

/** The commands of a service, as its topic has them. */
export async function readCommands(settings: ClientSettings, serviceId: string): Promise<readonly string[]> {
  const topic = commandTopic(serviceId);
  const topics = new Topics(new kafkajs.Kafka(clientConfig(settings, 'backup')), 1);
  try {
    await topics.connect();
    if ((await topics.describe(topic)) === undefined)
      throw new SqlError('NOT_FOUND', noSpan, { what: `the command topic ${topic}` });
  } finally {
    await topics.disconnect();
  }
  const wire = new Wire(settings, 'backup');
  try {
    const reader = await KafkaReader.open(wire, topic, 'beginning');
    const commands: string[] = [];
    while (!reader.caughtUp) for (const { value } of await reader.poll(Infinity, 200)) commands.push(value!.toString());
    return commands;
  } finally {
    await wire.disconnect();
  }
}

/** Writes commands to a service's topic, which must not have any. */
export async function writeCommands(
  settings: ClientSettings,
  serviceId: string,
  replicas: number,
  values: readonly string[],
): Promise<void> {
  const kafka = new kafkajs.Kafka(clientConfig(settings, 'restore'));
  const topic = commandTopic(serviceId);
  const topics = new Topics(kafka, replicas);
  try {
    await topics.connect();
    await topics.create(topic, commandTopicSettings);
  } finally {
    await topics.disconnect();
  }
  if ((await readCommands(settings, serviceId)).length > 0)
    throw new SqlError('BACKUP_REFUSED', noSpan, { why: `the command topic ${topic} has commands already` });
  const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    for (let from = 0; from < values.length; from += batchSize) {
      const transaction = await producer.transaction();
      const messages = values.slice(from, from + batchSize).map((value) => ({ key: null, value, partition: 0 }));
      await transaction.send({ topic, acks: -1, messages });
      await transaction.commit();
    }
  } finally {
    await producer.disconnect();
  }
}
