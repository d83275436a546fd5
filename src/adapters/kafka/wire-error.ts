/** An error code of the protocol; the codes that matter here are printed by name. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: number;
  constructor(code: number, request: string) {
    super(`${request}: ${errorName(code)}`);
    this.code = code;
  }
  /** Whether the same request may succeed later: the broker is down, or another one leads now. */
  get retriable(): boolean {
    return !refusals.has(this.code);
  }
  /** Whether another producer with the same transactional id has taken over. */
  get isFenced(): boolean {
    return this.code === 47 || this.code === 90;
  }
  /** Whether another producer of the same transactional id has ended the transaction, whichever request noticed it. */
  get isOvertaken(): boolean {
    return this.isFenced || endedByOther.has(this.code);
  }
}
/** INVALID_TXN_STATE and TRANSACTION_ABORTABLE: the transaction was ended by another producer before its record came. */
const endedByOther = new Set([48, 120]);
/**
 * Codes for which the same request fails again: UNKNOWN_SERVER_ERROR, and those about sizes, names, permissions, timestamps and
 * versions.
 */
const refusals = new Set([-1, 10, 17, 18, 29, 30, 31, 32, 33, 34, 35, 42, 43, 44, 53, 58, 87]);
const names: Record<number, string> = {
  1: 'OFFSET_OUT_OF_RANGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC_EXCEPTION',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  30: 'GROUP_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  32: 'INVALID_TIMESTAMP',
  37: 'INVALID_PARTITIONS',
  38: 'INVALID_REPLICATION_FACTOR',
  40: 'INVALID_CONFIG',
  41: 'NOT_CONTROLLER',
  44: 'POLICY_VIOLATION',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  46: 'DUPLICATE_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH',
  48: 'INVALID_TXN_STATE',
  53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  73: 'TOPIC_DELETION_DISABLED',
  90: 'PRODUCER_FENCED',
};
/** The protocol's name of a code. */
export const errorName = (code: number): string => names[code] ?? `error ${code}`;
/** Codes that answers about topics are judged by. */
export const errorCodes = {
  unknownTopic: 3,
  noLeader: 5,
  timedOut: 7,
  noBroker: 8,
  loading: 14,
  noCoordinator: 15,
  alreadyExists: 36,
  invalidReplicas: 38,
  notController: 41,
  unknownTopicId: 100,
} as const;
/** What a code says of a topic. */
export const describeError = (code: number, topic: string): string =>
  code === 3
    ? `topic ${topic} does not exist or lacks a partition`
    : code === forbidden
      ? `the ACLs of the Kafka cluster do not give this node READ on topic "${topic}"`
      : `topic ${topic} cannot be read: ${errorName(code)}`;
/** TOPIC_AUTHORIZATION_FAILED. */
export const forbidden = 29;
export const duplicateSequence = 46;
export const notLeader = 6;
export const movedLeader = new Set([3, 5, 6, 9, 74, 75]);

/** kafkajs's name of an error of the protocol. */
export const kindOf = (error: unknown): string => (error as { type?: string }).type ?? '';
/** Another producer has taken over. */
export const fencedErrors = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** Another broker coordinates, or none yet. */
export const movedCoordinator = new Set([
  'COORDINATOR_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
  'COORDINATOR_LOAD_IN_PROGRESS',
]);
/** While the coordinator completes the transaction before. */
export const inCompletion: ReadonlySet<string> = new Set([...movedCoordinator, 'CONCURRENT_TRANSACTIONS']);
/**
 * While another producer of the id fences this one, the coordinator fails at its commit with UNKNOWN_SERVER_ERROR, where it should
 * say CONCURRENT_TRANSACTIONS. The same request soon tells what came of it.
 */
export const inFencing: ReadonlySet<string> = new Set([...inCompletion, 'UNKNOWN']);
