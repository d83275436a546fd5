import type { Place } from '../task/attempt.ts';
import type { TaskLog } from '../ports/log.ts';
import type { ProducedRecord } from '../ports/node.ts';
import { RecordRefused, type DeadLetter, type FailureSink } from '../failures.ts';
import type { Sink } from './sink.ts';

/** The dead letter topic of a service: one for all of its queries, with one partition. */
export const deadLetterTopic = (serviceId: string): string => `${serviceId}millrace_dead_letters`;

export function deadLetterRecord(query: string, letter: DeadLetter, origin: Place | undefined): ProducedRecord {
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

/** Writes dead letters as part of the task's commit. */
export class DeadLetterSink implements Sink<ProducedRecord> {
  readonly #log: TaskLog;
  readonly #failures: FailureSink;
  readonly #topic: string;

  constructor(log: TaskLog, failures: FailureSink, topic: string) {
    this.#log = log;
    this.#failures = failures;
    this.#topic = topic;
  }
  /** Letters that the topic does not take are told of, and left out. */
  write(letters: readonly ProducedRecord[]): number {
    let written = 0;
    for (const { key, value, timestamp, headers } of letters) {
      try {
        this.#log.append(this.#topic, 0, timestamp, key, value, headers);
        written++;
      } catch (error) {
        if (!(error instanceof RecordRefused)) throw error;
        this.#failures.report(error.message, 'produce', -1);
      }
    }
    return written;
  }
  flush(): void {
    return undefined;
  }
}
