import { InternalError } from '../util/internal-error.ts';
import { position } from '../diagnostics/source.ts';
import { codeFrame, SqlError } from '../diagnostics/sql-error.ts';
import type { DiagnosticCode } from '../diagnostics/catalog.ts';

/** ksqlDB's error body, with our code, position, code frame and hint as additional fields. */
export interface ErrorBody {
  readonly '@type': 'generic_error' | 'statement_error';
  readonly error_code: number;
  readonly message: string;
  readonly statementText?: string;
  readonly entities?: readonly unknown[];
  readonly code?: string;
  readonly line?: number;
  readonly column?: number;
  readonly frame?: string;
  readonly hint?: string;
}

const codes: Partial<Record<DiagnosticCode, number>> = {
  BAD_REQUEST: 40000,
  QUERY_ENDPOINT: 40002,
  STATEMENT_NOT_QUERY: 40000,
  TOO_MANY_PUSH_QUERIES: 40003,
  NOT_FOUND: 40400,
  FEATURE_VIEW_NOT_FOUND: 40400,
  FEATURE_SERVICE_NOT_FOUND: 40400,
  UNAUTHORIZED: 40100,
  FORBIDDEN: 40300,
  USER_LIMIT: 42900,
  READ_ONLY_SERVER: 40300,
  UNKNOWN_SETTING: 40000,
  INVALID_SETTING: 40000,
  BROKER_UNAVAILABLE: 50302,
  BROKER_REFUSES: 50302,
  BROKER_FORBIDS: 40301,
  COMMAND_NOT_REACHED: 50301,
  PARTITIONS_UNAVAILABLE: 50304,
  STORE_UNAVAILABLE: 50305,
  STORE_REFUSED: 50305,
  MODEL_UNAVAILABLE: 50306,
  ENTITY_NOT_DELETED: 50307,
  STATE_DAMAGED: 50000,
  NEWER_VERSION: 50000,
  NEWER_KIND: 50000,
  OLDER_VERSION: 50000,
  STATE_LOCKED: 50000,
};

/** The status and body for an error. An error that is not the user's is answered as an internal error without details. */
export function errorAnswer(error: unknown, entities?: readonly unknown[]): { status: number; body: ErrorBody } {
  if (!(error instanceof SqlError)) {
    const why = error instanceof Error ? error.message : String(error);
    // Errors of the Kafka client: the broker is not available, and the request may succeed later.
    if (error instanceof Error && error.name.startsWith('KafkaJS')) {
      const message = `the Kafka broker does not answer: ${why}`;
      return {
        status: 503,
        body: { '@type': 'generic_error', error_code: 50302, message, code: 'BROKER_UNAVAILABLE' },
      };
    }
    const kind = error instanceof InternalError ? 'internal error' : 'error';
    return { status: 500, body: { '@type': 'generic_error', error_code: 50000, message: `${kind}: ${why}` } };
  }
  const known = codes[error.code as DiagnosticCode];
  const { source, start } = error.span;
  const located = source.text !== '';
  const { line, column } = position(source, start);
  const message = located ? `line ${line}:${column}: ${error.message}` : error.message;
  const body: ErrorBody = {
    '@type': known === undefined || error.code === 'QUERY_ENDPOINT' ? 'statement_error' : 'generic_error',
    error_code: known ?? 40001,
    message: error.hint === undefined ? message : `${message}. ${error.hint}`,
    ...(located ? { statementText: source.text, line, column, frame: codeFrame(error.span) } : {}),
    ...(known === undefined || error.code === 'QUERY_ENDPOINT' ? { entities: entities ?? [] } : {}),
    code: error.code as DiagnosticCode,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
  return { status: error.status, body };
}
