import { SqlError } from '../../diagnostics/sql-error.ts';
import type { DiagnosticCode } from '../../diagnostics/catalog.ts';
import { errorAnswer } from '../errors.ts';
import { CatalogError } from './catalog-database.ts';
import { cstring, message, WireError } from './messages.ts';
import { isStackOverflow } from '../../util/stack-overflow.ts';

/** SQLSTATEs of errors that PostgreSQL's clients tell apart. */
const states: Partial<Record<DiagnosticCode, string>> = {
  UNAUTHORIZED: '28P01',
  FORBIDDEN: '42501',
  BROKER_FORBIDS: '42501',
  USER_LIMIT: '53400',
  TOO_MANY_PUSH_QUERIES: '53400',
  COLUMN_NOT_FOUND: '42703',
  SOURCE_NOT_FOUND: '42P01',
  FUNCTION_NOT_FOUND: '42883',
  SYNTAX_ERROR: '42601',
  PULL_UNSUPPORTED: '0A000',
  PULL_DISABLED: '0A000',
  BROKER_UNAVAILABLE: '57P03',
  PARTITIONS_UNAVAILABLE: '57P03',
};

const places = new WeakMap<object, number>();

/** Notes where in the client's text an error is. */
export function locate(error: unknown, placeOf: (offset: number) => number): void {
  if (error instanceof SqlError && error.span.source.name === 'postgres') places.set(error, placeOf(error.span.start));
}

function parts(error: unknown): {
  readonly state: string;
  readonly text: string;
  readonly hint?: string;
  readonly place?: number;
} {
  if (error instanceof WireError)
    return { state: error.state, text: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  if (isStackOverflow(error)) return { state: '54001', text: 'the statement is nested too deep' };
  if (!(error instanceof SqlError)) return { state: 'XX000', text: errorAnswer(error).body.message };
  const place = places.get(error);
  return {
    state: states[error.code as DiagnosticCode] ?? '42000',
    text: `${error.code}: ${error.message}`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(place === undefined ? {} : { place }),
  };
}

/** ErrorResponse for an error; one of a kind that ends the connection is FATAL. */
export function errorResponse(error: unknown, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  if (error instanceof CatalogError) return message('E', error.body);
  const { state, text, hint, place } = parts(error);
  const fields: [string, string | undefined][] = [
    ['S', severity],
    ['V', severity],
    ['C', state],
    ['M', text],
    ['H', hint],
    ['P', place === undefined ? undefined : String(place + 1)],
  ];
  const written = fields.flatMap(([code, value]) => (value === undefined ? [] : [Buffer.from(code), cstring(value)]));
  return message('E', ...written, Buffer.from([0]));
}
