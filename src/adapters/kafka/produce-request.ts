import { groupBy } from '../../util/group-by.ts';
import { apiKeys, EncoderClass, type Encoder } from './kafkajs-internals.ts';

/** A finished batch, and the partition that it is for. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

/** Bytes of a batch in a request beside its records; enough unless the topic's name is very long. */
const roomForNames = 300;

/** A produce request of version 7 with acks=all; `batches` has one batch of a partition at most. */
export const produceRequest = (batches: readonly PartitionBatch[], transactionalId: string | null): object => ({
  apiKey: apiKeys.Produce,
  apiVersion: 7,
  apiName: 'Produce',
  expectResponse: () => true,
  encode: (): Promise<Encoder> => {
    const encoder = new EncoderClass().writeString(transactionalId).writeInt16(-1).writeInt32(30_000);
    const topics = groupBy(batches, ({ topic }) => topic);
    encoder.ensureAvailable(batches.reduce((sum, { batch }) => sum + batch.length + roomForNames, 0));
    encoder.writeInt32(topics.size);
    for (const [topic, partitions] of topics) {
      encoder.writeString(topic).writeInt32(partitions.length);
      for (const { partition, batch } of partitions) encoder.writeInt32(partition).writeBytes(batch);
    }
    return Promise.resolve(encoder);
  },
});
