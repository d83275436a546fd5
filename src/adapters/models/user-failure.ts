import { withoutSecret } from '../../util/secrets.ts';
import { ScoringError, type FailureClass } from './provider.ts';

/** The classes that a user's code may tell. */
const toldClasses: readonly FailureClass[] = [
  'TIMEOUT',
  'NETWORK',
  'HTTP_5XX',
  'HTTP_4XX',
  'BAD_RESPONSE',
  'INVALID_INPUT',
];

/** Codes of errors of Node's sockets and of `fetch`. */
const ofNetwork =
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|EPIPE|E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|UND_ERR_\w+)$/;

const told = (error: Error): string => {
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? `${error.message}: ${cause.message}` : error.message;
};

/** What a user's code has thrown, with its class and without secrets. What tells no class may be of one row. */
export function userFailure(thrown: unknown, secrets: readonly string[]): ScoringError {
  if (thrown instanceof ScoringError) return thrown;
  if (!(thrown instanceof Error)) return new ScoringError('BAD_RESPONSE', 'the code threw what is no Error');
  const message = secrets.reduce(withoutSecret, told(thrown)).slice(0, 400);
  const { failure, mayBeOneRow } = thrown as { failure?: unknown; mayBeOneRow?: unknown };
  const known = toldClasses.find((name) => name === failure);
  if (known !== undefined) return new ScoringError(known, message, { mayBeOneRow: mayBeOneRow === true });
  const codes = [thrown, thrown.cause].map((each) => (each as { code?: unknown } | undefined | null)?.code);
  if (codes.some((code) => typeof code === 'string' && ofNetwork.test(code)))
    return new ScoringError('NETWORK', message);
  if (thrown.name === 'AbortError' || thrown.name === 'TimeoutError') return new ScoringError('TIMEOUT', message);
  return new ScoringError('BAD_RESPONSE', message, { mayBeOneRow: true });
}
