import { createRequire } from 'node:module';

/**
 * What is below kafkajs's public API and is used here and in `frames.ts` only: its connections, metadata and request encoders. kafkajs
 * is pinned to the version that this was written for.
 */
const require = createRequire(import.meta.url);
/** Writes the fields of a request. */
export interface Encoder {
  writeString(value: string | null): Encoder;
  writeInt8(value: number): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBytes(value: Buffer): Encoder;
}
export const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder;
export const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as { Produce: number };
export const fetchRequest = require('kafkajs/src/protocol/requests/fetch/v11/request') as (options: object) => object;

/** The partitions of a topic that a transaction writes to. */
export interface TxnTopics {
  readonly topic: string;
  readonly partitions: readonly number[];
}
/** A connection to a broker, and the requests that it can send. */
export interface Broker {
  listOffsets(request: object): Promise<{
    responses: {
      topic: string;
      partitions: { partition: number; errorCode: number; offset?: string; offsets?: string[] }[];
    }[];
  }>;
  initProducerId(request: {
    transactionalId: string | null;
    transactionTimeout: number;
  }): Promise<{ producerId: string; producerEpoch: number }>;
  addPartitionsToTxn(request: {
    transactionalId: string;
    producerId: string;
    producerEpoch: number;
    topics: readonly TxnTopics[];
  }): Promise<unknown>;
  addOffsetsToTxn(request: object): Promise<unknown>;
  txnOffsetCommit(request: object): Promise<unknown>;
  endTxn(request: object): Promise<unknown>;
  offsetCommit(request: object): Promise<unknown>;
  offsetFetch(
    request: object,
  ): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
}
/** Brokers and metadata of a cluster. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** The topics that it keeps the leaders of: one that is gone makes every refresh fail. */
  readonly targetTopics: Set<string>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  metadata(): Promise<{ readonly topicMetadata: readonly { readonly topic: string }[] }>;
  refreshMetadata(): Promise<void>;
  findBroker(options: { nodeId: number }): Promise<Broker>;
  findGroupCoordinator(options: { groupId: string; coordinatorType: number }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
}
