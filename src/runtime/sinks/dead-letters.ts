import type { Origin } from '../task/input-merger.ts';
import type { ProducedRecord } from '../ports/node.ts';

/** A row that a model could not score where ON_ERROR is DLQ: it left its query, and is kept to be looked at or sent again. */
export interface DeadLetter {
  readonly model: string;
  readonly version: number;
  /** The class of the failure, as in the column `model_error`. */
  readonly error: string;
  readonly message: string;
  /** The row that was to be scored as JSON, its columns by name. */
  readonly row: Buffer;
  readonly timestamp: number;
}
/** Who hears of the changes that failed, by the sequence number of each: an error's message, or a row for the dead letters. */
export interface FailureSink {
  report(message: string, what: string, sequence: number): void;
  deadLetter(letter: DeadLetter, sequence: number): void;
}
/** For a query that nobody keeps: its failures are not kept either. */
export const ignoreFailures: FailureSink = { report: () => undefined, deadLetter: () => undefined };

/** One topic for all queries of a service, with one partition. */
export const deadLetterTopic = (serviceId: string): string => `${serviceId}millrace_dead_letters`;

export function deadLetterRecord(query: string, letter: DeadLetter, origin: Origin | undefined): ProducedRecord {
  const headers = {
    'error.class': letter.error,
    'error.message': letter.message,
    model: letter.model,
    version: String(letter.version),
    query,
    ...(origin && {
      'source.topic': origin.topic,
      'source.partition': String(origin.partition),
      'source.offset': String(origin.offset),
    }),
  };
  return {
    key: null,
    value: letter.row,
    timestamp: letter.timestamp,
    partition: 0,
    headers: Object.entries(headers).map(([key, value]) => ({ key, value: Buffer.from(value) })),
  };
}
