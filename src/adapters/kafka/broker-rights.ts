import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { TokenRefused } from './oauth-token.ts';
import { errorName, WireError } from './wire-error.ts';

/** What ACLs are about, by the error of a broker that lacks one. */
const resources = {
  TOPIC_AUTHORIZATION_FAILED: { code: 29, resource: 'topic' },
  GROUP_AUTHORIZATION_FAILED: { code: 30, resource: 'group' },
  CLUSTER_AUTHORIZATION_FAILED: { code: 31, resource: 'cluster' },
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: { code: 53, resource: 'transactionalId' },
} as const;
type Resource = (typeof resources)[keyof typeof resources]['resource'];

/** A broker's ACLs do not let this node do what it asked for. */
export class AclMissing extends WireError {
  constructor(code: number, right: string) {
    super(code, `the ACLs of the Kafka cluster do not give this node ${right}`);
  }
}

/** The controller does not create or delete a topic, for a reason that another attempt does not change. */
export class TopicRefused extends WireError {
  readonly topic: string;
  readonly what: 'create' | 'delete';
  readonly why: string;
  constructor(code: number, topic: string, what: 'create' | 'delete', why: string | null | undefined) {
    const request = `the brokers do not ${what} topic "${topic}"`;
    super(code, request);
    const reason = why ? `${errorName(code)}: ${why}` : errorName(code);
    this.message = `${request}: ${reason}`;
    this.topic = topic;
    this.what = what;
    this.why = reason;
  }
}

interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}
/** An error of kafkajs and those behind it: of one that it has retried, or of several topics. */
function* chain(error: unknown): Generator<ClientError> {
  if (typeof error !== 'object' || error === null) return;
  const { cause, errors = [] } = error as ClientError;
  yield error;
  for (const inner of [...errors, cause]) yield* chain(inner);
}

/** What a request needs of each kind of resource. */
type Rights = Partial<Record<Resource, string>>;

/**
 * An error that says which right is missing, where a broker refused one of these; any other error stays as it is. A right is
 * named as ACLs are: `READ on topic "a"`.
 */
export function explained(error: unknown, rights: Rights): unknown {
  if (error instanceof AclMissing) return error;
  for (const { type, code } of chain(error)) {
    const known = Object.entries(resources).find(([name, { code: number }]) => name === type || number === code)?.[1];
    const right = known && rights[known.resource];
    if (right !== undefined) return new AclMissing(known!.code, right);
  }
  return error;
}

/** Names of topics and groups, as messages list them. */
export const quoted = (names: Iterable<string>): string => [...new Set(names)].map((name) => `"${name}"`).join(', ');

/** What a member of a group needs, with the topics whose positions it commits. */
export const rightsOfGroups = (group: string, topics: readonly string[] = []) => ({
  group: `READ on group "${group}"`,
  ...(topics.length > 0 && { topic: `READ on topics ${quoted(topics)}` }),
});
/** What a transaction needs. */
export const rightsOfTransactions = (id: string) => ({ transactionalId: `WRITE on transactional id "${id}"` });
/** The call, whose refusal names the right that is missing. */
export const naming =
  <T>(call: () => Promise<T>, rights: Rights): (() => Promise<T>) =>
  async () => {
    try {
      return await call();
    } catch (error) {
      throw explained(error, rights);
    }
  };

/** What a request's error is to whoever sent the statement. */
export function forUsers(error: unknown): unknown {
  if (error instanceof AclMissing) return new SqlError('BROKER_FORBIDS', noSpan, { why: error.message });
  if (error instanceof TopicRefused) return new SqlError('TOPIC_REFUSED', noSpan, error);
  return error;
}

/** Node's and OpenSSL's codes of a certificate that one of the two sides does not take. */
const ofCertificates =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|ERR_SSL_.*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE))/;

/**
 * Why a broker does not let this node in, or why the node does not trust the broker, where another attempt would end in the same way;
 * undefined of any other error.
 */
export function whyNoEntry(error: unknown): string | undefined {
  for (const one of chain(error)) {
    const { name, type, message = '', code } = one;
    if (name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') return message;
    if (one instanceof TokenRefused && !one.retriable) return message;
    if (typeof code !== 'string' || !ofCertificates.test(code)) continue;
    if (code.startsWith('ERR_SSL_')) return `the brokers do not take this node's certificate, or ask for one (${code})`;
    return `${code}: ${message.replace(/^Connection error: /, '').replace(/\n$/, '')}`;
  }
  return undefined;
}
