import type { Origin } from '../task/input-merger.ts';
import type { TaskLog } from '../ports/log.ts';
import type { ProducedRecord } from '../ports/node.ts';
import type { DeadLetter } from '../failures.ts';
import type { Sink } from './sink.ts';

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

/** Writes letters that were made for records of a task, in its commit. */
export class DeadLetterSink implements Sink<ProducedRecord> {
  readonly #log: TaskLog;
  readonly #topic: string;

  constructor(log: TaskLog, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }
  write(letters: readonly ProducedRecord[]): number {
    for (const { key, value, timestamp, headers } of letters)
      this.#log.append(this.#topic, 0, timestamp, key, value, headers);
    return letters.length;
  }
  flush(): void {
    return undefined;
  }
}
