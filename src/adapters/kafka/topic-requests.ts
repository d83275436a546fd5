import { createRequire } from 'node:module';
import {
  apiKeys,
  DecoderClass,
  EncoderClass,
  sendRequest,
  supports,
  type Broker,
  type Decoder,
  type Encoder,
} from './kafkajs-internals.ts';
import type { TopicSettings } from '../../runtime/ports/node.ts';

/** Requests about topics whose answers have error codes, where kafkajs throws and repeats. */

const require = createRequire(import.meta.url);
interface Message {
  readonly request: (options: object) => object;
  readonly response: { readonly decode: (raw: Buffer) => Promise<unknown> };
}
const message = (path: string): Message => ({
  request: require(`kafkajs/src/protocol/requests/${path}/request`) as Message['request'],
  response: require(`kafkajs/src/protocol/requests/${path}/response`) as Message['response'],
});
const metadata = message('metadata/v6');
const creation = message('createTopics/v2');
const deletion = message('deleteTopics/v1');

async function ask<T>(broker: Broker, request: object, decode: (raw: Buffer) => T | Promise<T>): Promise<T> {
  return (await sendRequest(broker, request, {
    decode: (raw: Buffer) => Promise.resolve(decode(raw)),
    parse: (answer: unknown) => Promise.resolve(answer),
  })) as T;
}

/** A topic as a broker knows it. */
export interface KnownTopic {
  readonly name: string;
  /** Another one for each topic that is made under the name; undefined where brokers have none. */
  readonly id: Buffer | undefined;
  readonly error: number;
  readonly partitions: readonly { readonly leader: number; readonly replicas: readonly number[] }[];
}
/** What became of a request about one topic. */
export interface TopicAnswer {
  readonly error: number;
  readonly why?: string | null | undefined;
}

/** The first versions that tell topics apart by their ids (Kafka 2.8). */
const withIds = { metadata: 10, deletion: 6 };
const hasIds = (broker: Broker): boolean =>
  supports(broker, apiKeys.Metadata, withIds.metadata) && supports(broker, apiKeys.DeleteTopics, withIds.deletion);
/** What a controller may take for a request. */
const timeoutMs = 5000;

/** Topics by name, or all. */
export async function askTopics(broker: Broker, names: readonly string[] | undefined): Promise<readonly KnownTopic[]> {
  if (names?.length === 0) return [];
  return hasIds(broker) ? topicsWithIds(broker, names) : topicsByName(broker, names);
}

/** Of a version before ids. */
async function topicsByName(broker: Broker, names: readonly string[] | undefined): Promise<readonly KnownTopic[]> {
  // kafkajs takes none for all.
  const request = metadata.request({ topics: names ?? [], allowAutoTopicCreation: false });
  const { topicMetadata } = (await ask(broker, request, metadata.response.decode)) as {
    readonly topicMetadata: readonly {
      readonly topic: string;
      readonly topicErrorCode: number;
      readonly partitionMetadata: KnownTopic['partitions'];
    }[];
  };
  return topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => ({
    name: topic,
    id: undefined,
    error: topicErrorCode,
    partitions: partitionMetadata,
  }));
}

const noId = Buffer.alloc(16);
/** A request whose header and fields may have tags; it has none. */
const flexible = (apiKey: number, apiVersion: number, apiName: string, write: (encoder: Encoder) => Encoder) => ({
  apiKey,
  apiVersion,
  apiName,
  encode: () => Promise.resolve(write(new EncoderClass().writeUVarInt(0)).writeUVarInt(0)),
});
/** Reads an array of structures, each of which ends with tags. */
const structures = <T>(decoder: Decoder, read: (decoder: Decoder) => T): T[] =>
  decoder.readUVarIntArray((each) => {
    const structure = read(each);
    each.readTaggedFields();
    return structure;
  });

async function topicsWithIds(broker: Broker, names: readonly string[] | undefined): Promise<readonly KnownTopic[]> {
  const request = flexible(apiKeys.Metadata, withIds.metadata, 'Metadata', (encoder) => {
    encoder.writeUVarInt(names === undefined ? 0 : names.length + 1);
    for (const name of names ?? []) encoder.writeBuffer(noId).writeUVarIntString(name).writeUVarInt(0);
    return encoder.writeBoolean(false).writeBoolean(false).writeBoolean(false);
  });
  const numbers = (decoder: Decoder): number[] => decoder.readUVarIntArray((each) => each.readInt32());
  const readPartition = (decoder: Decoder): KnownTopic['partitions'][number] => {
    decoder.forward(2 + 4);
    const leader = decoder.readInt32();
    decoder.forward(4);
    const replicas = numbers(decoder);
    numbers(decoder);
    numbers(decoder);
    return { leader, replicas };
  };
  return ask(broker, request, (raw) => {
    const decoder = new DecoderClass(raw);
    decoder.readTaggedFields();
    decoder.forward(4);
    structures(decoder, (each) => {
      each.forward(4);
      each.readUVarIntString();
      each.forward(4);
      each.readUVarIntString();
    });
    decoder.readUVarIntString();
    decoder.forward(4);
    return structures(decoder, (each) => {
      const error = each.readInt16();
      const name = each.readUVarIntString()!;
      const id = Buffer.from(each.readBytes(16));
      each.forward(1);
      const partitions = structures(each, readPartition);
      each.forward(4);
      return { name, id: id.equals(noId) ? undefined : id, error, partitions };
    });
  });
}

/** Asks the controller once to create a topic. */
export async function askCreation(
  controller: Broker,
  topic: string,
  { partitions, replicas, config }: TopicSettings,
): Promise<TopicAnswer> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const topics = [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }];
  const request = creation.request({ topics, timeout: timeoutMs });
  const { topicErrors } = (await ask(controller, request, creation.response.decode)) as {
    readonly topicErrors: readonly { readonly errorCode: number; readonly errorMessage: string | null }[];
  };
  return { error: topicErrors[0]!.errorCode, why: topicErrors[0]!.errorMessage };
}

/** Asks the controller once to delete the topic of this id, and no other that was made under its name. */
export async function askDeletion(controller: Broker, id: Buffer): Promise<TopicAnswer> {
  const request = flexible(apiKeys.DeleteTopics, withIds.deletion, 'DeleteTopics', (encoder) =>
    encoder.writeUVarInt(2).writeUVarInt(0).writeBuffer(id).writeUVarInt(0).writeInt32(timeoutMs),
  );
  return ask(controller, request, (raw) => {
    const decoder = new DecoderClass(raw);
    decoder.readTaggedFields();
    decoder.forward(4);
    const [answer] = structures(decoder, (each) => {
      each.readUVarIntString();
      each.forward(16);
      return { error: each.readInt16(), why: each.readUVarIntString() };
    });
    return answer!;
  });
}

/** Asks the controller once to delete whatever has this name. */
export async function askDeletionByName(controller: Broker, name: string): Promise<TopicAnswer> {
  const request = deletion.request({ topics: [name], timeout: timeoutMs });
  const { topicErrors } = (await ask(controller, request, deletion.response.decode)) as {
    readonly topicErrors: readonly { readonly errorCode: number }[];
  };
  return { error: topicErrors[0]!.errorCode };
}
