import { EvaluationError } from '../types/numbers.ts';
import { InternalError } from '../util/internal-error.ts';
import { isStackOverflow } from '../util/stack-overflow.ts';
import type { Change } from './change.ts';
import type { CountedEvent } from './ports/counted-events.ts';

/** A row that a model could not score (ON_ERROR is DLQ). It leaves the query and goes to the dead letter topic. */
export interface DeadLetter {
  readonly model: string;
  readonly version: number;
  /** The class of the failure, as in the column `model_error`. */
  readonly error: string;
  readonly message: string;
  /** The input row as a JSON object by column name. */
  readonly row: Buffer;
  readonly timestamp: number;
}
/** What a shadow answered for a row, for the model's topic of its own. */
export interface ShadowRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer;
  readonly timestamp: number;
}
/** A record that the topic it is for does not take, however few are sent with it. */
export class RecordRefused extends Error {
  override readonly name: string = 'RecordRefused';
}
export class RecordTooLarge extends RecordRefused {
  override readonly name = 'RecordTooLarge';
  constructor(topic: string, key: Buffer | null, bytes: number, most: number) {
    super(`a record of ${bytes} bytes ${keyed(key)} is larger than topic ${topic} takes (max.message.bytes ${most})`);
  }
}
/** A record whose time is too far from the broker's: `limit` is the setting of the topic that says so. */
export class RecordTimeRefused extends RecordRefused {
  override readonly name = 'RecordTimeRefused';
  constructor(topic: string, key: Buffer | null, timestamp: number, limit: string) {
    super(`a record of the time ${timestamp} ${keyed(key)} is not taken by topic ${topic} (${limit})`);
  }
}
const keyed = (key: Buffer | null): string =>
  key === null ? 'without a key' : `with the key ${JSON.stringify(key.toString('utf8', 0, 200))}`;
/** Where a record was read. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
  readonly offset: number;
}
/** The records of a micro-batch, for an operator whose rows leave in a later one. */
export interface KnownRecords {
  /** The record behind a sequence number; undefined if there is none. */
  of(sequence: number): RecordPlace | undefined;
  headersOf(change: Change): Change['headers'];
  /** Adds a record of an earlier micro-batch to this one; returns its sequence number. */
  again(place: RecordPlace | undefined): number;
}
/** Receives failures by the sequence number of the change: error messages, and rows for the dead letter topic. */
export interface FailureSink {
  report(message: string, what: string, sequence: number): void;
  deadLetter(letter: DeadLetter, sequence: number): void;
  /** Takes what is no failure but is counted; absent where nobody asks. */
  countEvent?(event: CountedEvent): void;
  /** Undefined where nothing is written, so that no shadow need be asked. */
  shadow?(record: ShadowRecord): void;
  /** Absent where records are not known. */
  readonly origins?: KnownRecords;
}
/** For transient queries: failures are discarded. */
export const ignoreFailures: FailureSink = { report: () => undefined, deadLetter: () => undefined };

/** What JavaScript itself throws: its words say nothing to whoever reads the log. */
const natives = new Set(['TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'URIError']);

/**
 * Whether an error is one of a record's values that an operator did not look for: JavaScript's own, or one of evaluation that none
 * caught. An InternalError, a lost connection and what was asked to stop the query are not.
 */
export const isUnforeseenError = (error: unknown): boolean =>
  error instanceof Error && (natives.has(error.name) || error instanceof EvaluationError);

/**
 * What the processing log says of an error that a row's data caused: one line, without words of the engine's inside. A bug is no row's
 * fault: it is thrown on, and stops the query.
 */
export function dataError(error: unknown, what: string): string {
  if (error instanceof InternalError) throw error;
  if (!(error instanceof Error)) return lineOf(String(error));
  const isNodes = 'code' in error && String(error.code).startsWith('ERR_');
  if (!natives.has(error.name) && !isNodes) return lineOf(error.message);
  if (isStackOverflow(error)) return `${what}: a value is nested too deeply`;
  return /^Invalid (string|array|typed array) length|allocation|longer than/.test(error.message)
    ? `${what}: the result is too long`
    : `${what} failed inside for these values`;
}
/** Values that messages quote may be long, and have lines of their own. */
const longest = 1000;
/** A library's error brings the traces of its causes. */
const causes = /\s*-{3,}\s*Caused by: .*$/s;
const lineOf = (message: string): string => {
  const text = message.replace(causes, '');
  return (text.length > longest ? `${text.slice(0, longest)}…` : text).replace(/\s*[\r\n]+\s*/g, ' ');
};
