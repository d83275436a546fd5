import { datagenOptions } from './datagen.ts';
import { fileSizeOptions } from './file-options.ts';
import { sinkTargetOptions } from './export-options.ts';
import { bool, duration, oneOf, option, optionTable, text, whole, type Option } from '../config/option.ts';
import type { PropertiesOf } from '../bind/properties.ts';

/** The most partitions of a topic: each costs files, memory and tasks. A broker takes no more in good time. */
const mostPartitions = 10_000;

const same = <T>(value: T): T => value;

const role = <R extends 'KEY' | 'VALUE'>(name: R, what: string): RoleOptions<R> => [
  option({
    name: `${name}_FORMAT`,
    type: text,
    default: undefined,
    doc: `The format of ${what}`,
    read: same,
  }),
  option({
    name: `${name}_DELIMITER`,
    type: text,
    default: undefined,
    doc: `What separates the columns of ${what} in DELIMITED: one character, SPACE or TAB; a comma without it`,
    read: same,
  }),
  option({
    name: `${name}_SCHEMA_ID`,
    type: whole(1),
    default: undefined,
    doc: `The schema of ${what}, by its id in the registry`,
    read: same,
  }),
  option({
    name: `${name}_SCHEMA_FULL_NAME`,
    type: text,
    default: undefined,
    doc: `The full name of the schema of ${what}`,
    read: same,
  }),
  option({
    name: `${name}_PROTOBUF_NULLABLE_REPRESENTATION`,
    type: oneOf('OPTIONAL', 'WRAPPER'),
    default: undefined,
    doc: `How Protobuf holds the nulls of ${what}; without it they become the types' defaults`,
    read: same,
  }),
];
type RoleOptions<R extends 'KEY' | 'VALUE'> = [
  Option<`${R}_FORMAT`, string | undefined>,
  Option<`${R}_DELIMITER`, string | undefined>,
  Option<`${R}_SCHEMA_ID`, number | undefined>,
  Option<`${R}_SCHEMA_FULL_NAME`, string | undefined>,
  Option<`${R}_PROTOBUF_NULLABLE_REPRESENTATION`, 'OPTIONAL' | 'WRAPPER' | undefined>,
];

/** Options of a source and its topic. */
const topicOptions = [
  option({
    name: 'KAFKA_TOPIC',
    type: text,
    default: undefined,
    doc: 'The topic; a query that says none writes to one of its own name',
    read: same,
  }),
  option({
    name: 'PARTITIONS',
    type: whole(1, mostPartitions),
    default: undefined,
    doc: 'How many partitions the topic has: it is created with them, or must have as many',
    read: same,
  }),
  option({
    name: 'REPLICAS',
    type: whole(1),
    default: undefined,
    doc: 'How many replicas the topic is created with',
    read: same,
  }),
  option({
    name: 'RETENTION_MS',
    type: whole(-1),
    default: undefined,
    doc: "How long the topic keeps its records; not for a table's, which is compacted",
    read: same,
  }),
  option({
    name: 'RETENTION_BYTES',
    type: whole(-1),
    default: undefined,
    doc: "How many bytes a partition of the topic keeps; not for a table's, which is compacted",
    read: same,
  }),
  option({
    name: 'FORMAT',
    type: text,
    default: undefined,
    doc: 'KEY_FORMAT and VALUE_FORMAT in one',
    read: same,
  }),
  ...role('KEY', 'the key'),
  ...role('VALUE', 'the value'),
  option({
    name: 'VALUE_AVRO_SCHEMA_FULL_NAME',
    type: text,
    default: undefined,
    doc: "ksqlDB's older name of VALUE_SCHEMA_FULL_NAME",
    read: same,
  }),
  option({
    name: 'WRAP_SINGLE_VALUE',
    type: bool,
    default: undefined,
    doc: 'Whether a single value column is a record of one field',
    read: same,
  }),
  option({
    name: 'TIMESTAMP',
    type: text,
    default: undefined,
    doc: "The column that holds the event time; without it the record's time is",
    read: same,
  }),
  option({
    name: 'TIMESTAMP_FORMAT',
    type: text,
    default: undefined,
    doc: 'The pattern of a TIMESTAMP that is a STRING',
    read: same,
  }),
  option({
    name: 'HISTORY',
    type: duration('7 DAYS'),
    default: undefined,
    doc: 'How far behind stream time it can be joined FOR SYSTEM_TIME AS OF; without it the TTL of a feature view, else a day',
    read: same,
  }),
  ...sinkTargetOptions,
  ...fileSizeOptions,
] as const;

const joinWait = option({
  name: 'JOIN_WAIT',
  type: duration('5 SECONDS'),
  default: undefined,
  doc: 'How long, by stream time, a row waits for the row that it is joined with as of a time; without it not at all',
  read: same,
});

const stateTtl = option({
  name: 'STATE_TTL',
  type: duration('1 DAY'),
  default: undefined,
  doc: 'How long, by stream time, a key is remembered that has no new rows: a group, a partition of a stream that is ranked, of a deduplication from the row that it told of; without it for ever',
  read: same,
});

/** Options in the WITH clause of a source that a query fills. */
export const sinkOptions = optionTable(...topicOptions, joinWait, stateTtl);

/** Options in the WITH clause of CREATE STREAM and CREATE TABLE. */
export const sourceOptions = optionTable(
  ...topicOptions,
  option({
    name: 'WINDOW_TYPE',
    type: oneOf('TUMBLING', 'HOPPING', 'SESSION', 'SLIDING', 'CUMULATE'),
    default: undefined,
    doc: "The windows that the topic's keys carry",
    read: same,
  }),
  option({
    name: 'WINDOW_SIZE',
    type: duration('10 SECONDS'),
    default: undefined,
    doc: 'How long these windows are; not for sessions',
    read: same,
  }),
  option({
    name: 'SOURCE_CONNECTOR',
    type: text,
    default: undefined,
    doc: 'The connector that fills the topic: DESCRIBE tells of it',
    read: same,
  }),
  option({
    name: 'SOURCED_BY_CONNECTOR',
    type: text,
    default: undefined,
    doc: 'The same, by its newer name',
    read: same,
  }),
  ...datagenOptions,
);

/** Options in the WITH clause of INSERT … SELECT. */
export const insertOptions = optionTable(
  option({
    name: 'QUERY_ID',
    type: text,
    default: undefined,
    doc: 'The id of the query',
    read: (value) => value?.toUpperCase(),
  }),
  joinWait,
);

export type SinkProperties = PropertiesOf<(typeof topicOptions)[number]>;
export type WaitProperties = PropertiesOf<typeof joinWait>;
export type SourceProperties = PropertiesOf<(typeof sourceOptions)['options'][number]>;
