import type { Kafka } from 'kafkajs';
import { createRequire } from 'node:module';
import { groupBy } from '../../util/group-by.ts';

/**
 * The internals of kafkajs that are used here and in `frames.ts` only: connections, metadata and request encoders. kafkajs is
 * pinned to the version that this was written for.
 */
const require = createRequire(import.meta.url);
/** Writes the fields of a request. */
export interface Encoder {
  buf: Buffer;
  /** The number of bytes written. */
  readonly offset: number;
  /** Makes room for more bytes. */
  ensureAvailable(length: number): void;
  writeString(value: string | null): Encoder;
  writeInt8(value: number): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBytes(value: Buffer): Encoder;
  writeBuffer(value: Buffer): Encoder;
  writeBoolean(value: boolean): Encoder;
  /** Numbers and lengths of versions with tags. */
  writeUVarInt(value: number): Encoder;
  writeUVarIntString(value: string): Encoder;
}
/** Reads the fields of an answer. */
export interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readBytes(length: number): Buffer;
  readUVarIntString(): string | null;
  readUVarIntArray<T>(read: (decoder: Decoder) => T): T[];
  readTaggedFields(): unknown;
  forward(bytes: number): void;
}
export const DecoderClass = require('kafkajs/src/protocol/decoder') as new (raw: Buffer) => Decoder;
export const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder;

/**
 * kafkajs's own fills new room with zeros, which for a request of a megabyte takes three times as long as the copy. Only
 * written bytes are sent.
 */
(EncoderClass.prototype as Encoder).ensureAvailable = function (this: Encoder, length) {
  const needed = this.offset + length;
  if (needed <= this.buf.length) return;
  const grown = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(needed)));
  this.buf.copy(grown, 0, 0, this.offset);
  this.buf = grown;
};

export const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as {
  readonly Produce: number;
  readonly Metadata: number;
  readonly DeleteTopics: number;
};
export const fetchRequest = require('kafkajs/src/protocol/requests/fetch/v11/request') as (options: object) => object;

/** What a member joins a group with, as soon as it is ready. */
export interface JoiningProtocol {
  readonly name: string;
  readonly metadata: Buffer;
  readonly ready: Promise<void>;
}
interface JoinRequest {
  readonly groupProtocols: readonly JoiningProtocol[];
}
const { prototype: brokers } = require('kafkajs/src/broker') as {
  prototype: { joinGroup: (this: unknown, request: JoinRequest) => Promise<unknown> };
};
const { joinGroup } = brokers;
/**
 * kafkajs joins a group anew as soon as it learns of a rebalance, and waits for nobody. A member that has not committed then is
 * assigned less while its last offsets are on their way: who takes over would read its last records again.
 */
brokers.joinGroup = async function (request) {
  await Promise.all(request.groupProtocols.map(({ ready }) => ready));
  return joinGroup.call(this, request);
};

/** Waits for a member's next heartbeat. */
export interface Resting {
  rest(): Promise<void>;
}
interface ConsumerGroup {
  readonly cluster: { refreshMetadataIfNecessary(): Promise<void> };
  /** Ours, which say when the member's next heartbeat is due. */
  readonly assigners: readonly { readonly resting: Resting }[];
  /** When it sent its last heartbeat, by the machine's clock. */
  lastRequest: number;
  checkForStaleAssignment(): void;
  recoverFromFetch(error: unknown): Promise<void>;
}
const { prototype: groups } = require('kafkajs/src/consumer/consumerGroup') as {
  prototype: { fetch: (this: ConsumerGroup) => Promise<readonly never[]> };
};
/**
 * A member of a group here only distributes tasks: between its heartbeats it rests, where kafkajs would look for records. The next one
 * is due then, whatever the machine's clock says: after it was set back kafkajs would send none until it is there again.
 */
groups.fetch = async function () {
  this.lastRequest = -Infinity;
  try {
    await this.cluster.refreshMetadataIfNecessary();
    this.checkForStaleAssignment();
    await this.assigners[0]!.resting.rest();
  } catch (error) {
    await this.recoverFromFetch(error);
  }
  return [];
};

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, { readonly requestTimeout: number; timeoutRequest(): void }>;
  readonly enforceRequestTimeout: boolean;
  isConnected(): boolean;
}
const { prototype: queues } = require('kafkajs/src/network/requestQueue') as {
  prototype: {
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
    scheduleRequestTimeoutCheck: (this: RequestQueue) => void;
  };
};
const { scheduleCheckPendingRequests } = queues;
/** kafkajs looks for requests that wait once a millisecond, on each connection, also where none does. */
queues.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};
const overdueMs = 1000;
const connected = new Set<RequestQueue>();
/** When requests were seen first; by a clock that nobody sets. */
const seenAt = new WeakMap<object, number>();
let looking: NodeJS.Timeout | undefined;
function lookForOverdue(): void {
  const now = performance.now();
  for (const queue of connected) {
    for (const request of queue.inflight.values()) {
      const seen = seenAt.get(request);
      if (seen === undefined) seenAt.set(request, now);
      else if (now - seen > request.requestTimeout) request.timeoutRequest();
    }
    if (!queue.isConnected()) connected.delete(queue);
  }
  if (connected.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}
/**
 * kafkajs looks for requests that are overdue ten times a second, by a timer of each connection. They have thirty seconds, and one timer is
 * enough for all.
 */
queues.scheduleRequestTimeoutCheck = function () {
  if (!this.enforceRequestTimeout) return;
  connected.add(this);
  looking ??= setInterval(lookForOverdue, overdueMs).unref();
};

/** The partitions of a topic that a transaction writes to. */
export interface TxnTopics {
  readonly topic: string;
  readonly partitions: readonly number[];
}
/** A connection to a broker, and the requests that it can send. */
export interface Broker {
  /** The versions that the broker has of each request. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>>;
  listOffsets(request: object): Promise<{
    responses: {
      topic: string;
      partitions: { partition: number; errorCode: number; offset?: string; offsets?: string[] }[];
    }[];
  }>;
  describeConfigs(request: {
    readonly resources: readonly {
      readonly type: number;
      readonly name: string;
      readonly configNames: readonly string[];
    }[];
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
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
  deleteGroups(groups: readonly string[]): Promise<{
    readonly results: readonly { readonly errorCode: number; readonly error?: Error }[];
  }>;
  offsetCommit(request: object): Promise<unknown>;
  offsetFetch(
    request: object,
  ): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
}
/** Brokers and metadata of a cluster. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** The topics whose leaders it keeps; a deleted one makes every refresh fail. */
  readonly targetTopics: Set<string>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  metadata(): Promise<{ readonly topicMetadata: readonly { readonly topic: string }[] }>;
  refreshMetadata(): Promise<void>;
  findBroker(options: { nodeId: number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(options: { groupId: string; coordinatorType: number }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
}

function hidden(object: object, name: string): symbol {
  return Object.getOwnPropertySymbols(object).find((symbol) => String(symbol).includes(name))!;
}
/** Connections of their own, to brokers that a client knows. */
export function newCluster(kafka: Kafka): Cluster {
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[hidden(kafka, 'createCluster')]!;
  return create({ metadataMaxAge: 300_000, maxInFlightRequests: 5, allowAutoTopicCreation: false });
}
/** Sends a request that is encoded and decoded here. */
export function sendRequest(broker: Broker, request: object, response: object): Promise<unknown> {
  const send = hidden(Object.getPrototypeOf(broker) as object, 'sendRequest');
  return (broker as unknown as Record<symbol, (call: object) => Promise<unknown>>)[send]!({ request, response });
}
/** Whether a broker knows a version of a request. */
export const supports = ({ versions }: Broker, apiKey: number, version: number): boolean =>
  (versions[apiKey]?.maxVersion ?? -1) >= version;

/** Offsets as requests that commit them have them. */
export function offsetsByTopic(
  offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
): readonly object[] {
  return [...groupBy(offsets, ({ topic }) => topic)].map(([topic, list]) => ({
    topic,
    partitions: list.map(({ partition, offset }) => ({ partition, offset: String(offset), metadata: null })),
  }));
}
