import type { TaskLog } from '../ports/log.ts';
import type { ProducedRecord } from '../ports/node.ts';
import type { Sink } from './sink.ts';

/** A record or expression that failed, and went to the processing log instead of stopping a query. */
export interface ProcessingError {
  readonly query: string;
  readonly type: 'DESERIALIZATION' | 'PROCESSING' | 'LATE' | 'PRODUCTION' | 'MODEL';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly message: string;
}

/** The version of a row of the processing log, which whoever reads them may tell by it. */
const rowVersion = 1;

/** The columns of the stream over the processing log. */
export const processingLogColumns =
  'QUERY_ID STRING, TYPE STRING, SOURCE_TOPIC STRING, SOURCE_PARTITION INTEGER, SOURCE_OFFSET BIGINT, MESSAGE STRING, LOGGED BIGINT, ROW_VERSION INTEGER';

export const processingLogTopic = (serviceId: string): string => `${serviceId}ksql_processing_log`;

function processingLogRecord(error: ProcessingError, now: number): ProducedRecord {
  const { query, type, topic, partition, offset, message } = error;
  const value = JSON.stringify({
    QUERY_ID: query,
    TYPE: type,
    SOURCE_TOPIC: topic,
    SOURCE_PARTITION: partition,
    SOURCE_OFFSET: offset,
    MESSAGE: message,
    LOGGED: now,
    ROW_VERSION: rowVersion,
  });
  return { key: null, value, timestamp: now, partition: 0 };
}

/** Writes what went wrong in a task, in its commit. */
export class ProcessingLogSink implements Sink<ProcessingError> {
  readonly #log: TaskLog;
  readonly #topic: string;

  constructor(log: TaskLog, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }
  write(errors: readonly ProcessingError[]): number {
    const now = Date.now();
    for (const error of errors) {
      const { key, value, timestamp } = processingLogRecord(error, now);
      this.#log.append(this.#topic, 0, timestamp, key, value);
    }
    return errors.length;
  }
  flush(): void {
    return undefined;
  }
}
