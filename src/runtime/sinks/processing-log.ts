import { isUtf8 } from 'node:buffer';
import { RecordTooLarge } from '../failures.ts';
import type { TaskLog } from '../ports/log.ts';
import type { ProducedRecord } from '../ports/node.ts';
import { standsAt, type TaskFailure } from '../task/attempt.ts';
import type { Sink } from './sink.ts';

/** A record or expression that failed; it is logged and does not stop the query. */
export interface ProcessingError {
  readonly query: string;
  readonly type:
    'DESERIALIZATION' | 'PROCESSING' | 'LATE' | 'PRODUCTION' | 'SERIALIZATION' | 'MODEL' | 'STOPPED' | 'SKIPPED';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly message: string;
  /** The part of the record that cannot be read. */
  readonly target?: 'key' | 'value' | 'timestamp';
  /** That part, or the record's value; only with `ksql.logging.processing.rows.include`. */
  readonly record?: Buffer | null | undefined;
}

/** The version of the log's rows, which is part of each row. */
const rowVersion = 2;

/** A message may quote a value: the record with it must be one that the topic takes. */
const longestMessage = 10_000;
/** The longest record that is copied into a row. */
const longestRecord = 500_000;

const errorFields = {
  deserializationError:
    '`target` STRING, `errorMessage` STRING, `recordB64` STRING, `cause` ARRAY<STRING>, `topic` STRING',
  recordProcessingError: '`errorMessage` STRING, `record` STRING, `cause` ARRAY<STRING>',
  productionError: '`errorMessage` STRING',
  serializationError: '`target` STRING, `errorMessage` STRING, `record` STRING, `cause` ARRAY<STRING>, `topic` STRING',
  kafkaStreamsThreadError: '`errorMessage` STRING, `threadName` STRING, `cause` ARRAY<STRING>',
};
type ErrorField = keyof typeof errorFields;

/** The columns of the stream over the processing log: ksqlDB's, then ours. */
export const processingLogColumns = `LOGGER STRING, LEVEL STRING, TIME BIGINT, MESSAGE STRUCT<\`type\` INTEGER, ${Object.entries(
  errorFields,
)
  .map(([name, fields]) => `\`${name}\` STRUCT<${fields}>`)
  .join(
    ', ',
  )}>, QUERY_ID STRING, TYPE STRING, SOURCE_TOPIC STRING, SOURCE_PARTITION INTEGER, SOURCE_OFFSET BIGINT, ERROR_MESSAGE STRING, ROW_VERSION INTEGER`;

export const processingLogTopic = (serviceId: string): string => `${serviceId}ksql_processing_log`;

/** How ksqlDB numbers and names what a kind of error is, and the part of a query that logs it. */
const kinds: Readonly<Record<ProcessingError['type'], readonly [number: number, field: ErrorField, logger: string]>> = {
  DESERIALIZATION: [0, 'deserializationError', 'deserializer'],
  PROCESSING: [1, 'recordProcessingError', 'processor'],
  LATE: [1, 'recordProcessingError', 'window'],
  MODEL: [1, 'recordProcessingError', 'model'],
  SKIPPED: [1, 'recordProcessingError', 'resume'],
  PRODUCTION: [2, 'productionError', 'producer'],
  SERIALIZATION: [3, 'serializationError', 'serializer'],
  STOPPED: [4, 'kafkaStreamsThreadError', 'task'],
};
const warnings: readonly ProcessingError['type'][] = ['LATE', 'SKIPPED'];

/** A record as text, if it is text. */
const textOf = (record: Buffer): string => (isUtf8(record) ? record.toString() : record.toString('base64'));

function processingLogRecord(error: ProcessingError, now: number, withRecord = true): ProducedRecord {
  const { query, type, topic, partition, offset } = error;
  const errorMessage =
    error.message.length > longestMessage ? `${error.message.slice(0, longestMessage)}…` : error.message;
  const copy = withRecord && error.record != null && error.record.length <= longestRecord ? error.record : undefined;
  const [number, field, logger] = kinds[type];
  const cause: string[] = [];
  const target = error.target === 'key' ? 'key' : 'value';
  const details: Readonly<Record<ErrorField, () => object>> = {
    deserializationError: () => ({ target, errorMessage, recordB64: copy?.toString('base64') ?? null, cause, topic }),
    recordProcessingError: () => ({ errorMessage, record: copy === undefined ? null : textOf(copy), cause }),
    productionError: () => ({ errorMessage }),
    serializationError: () => ({
      target,
      errorMessage,
      record: copy === undefined ? null : textOf(copy),
      cause,
      topic: null,
    }),
    kafkaStreamsThreadError: () => ({ errorMessage, threadName: query, cause }),
  };
  const value = JSON.stringify({
    logger: `processing.${query}.${logger}`,
    level: warnings.includes(type) ? 'WARN' : 'ERROR',
    time: now,
    message: {
      type: number,
      ...Object.fromEntries(Object.keys(errorFields).map((name) => [name, name === field ? details[field]() : null])),
    },
    QUERY_ID: query,
    TYPE: type,
    SOURCE_TOPIC: topic,
    SOURCE_PARTITION: partition,
    SOURCE_OFFSET: offset,
    ERROR_MESSAGE: errorMessage,
    ROW_VERSION: rowVersion,
  });
  return { key: null, value, timestamp: now, partition: 0 };
}

/** What says that a query stands in ERROR, and where. */
export function stoppedRecord(query: string, failure: TaskFailure): ProducedRecord {
  const { topic, partition, offset } = failure.place ?? { topic: '', partition: -1, offset: -1 };
  return processingLogRecord(
    { query, type: 'STOPPED', topic, partition, offset, message: standsAt(failure) },
    Date.now(),
  );
}

/** What says that a model failed at a read of a feature service. */
export const readFailure = (service: string, message: string): ProducedRecord =>
  processingLogRecord({ query: service, type: 'MODEL', topic: '', partition: -1, offset: -1, message }, Date.now());

/** Writes the errors of a task as part of its commit. */
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
      try {
        this.#append(processingLogRecord(error, now));
      } catch (failure) {
        if (!(failure instanceof RecordTooLarge) || error.record == null) throw failure;
        this.#append(processingLogRecord(error, now, false));
      }
    }
    return errors.length;
  }
  #append({ key, value, timestamp }: ProducedRecord): void {
    this.#log.append(this.#topic, 0, timestamp, key, value);
  }
  flush(): void {
    return undefined;
  }
}
