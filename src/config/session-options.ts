import { bool, oneOf, option, optionTable, text, whole } from './option.ts';

const on = (value: boolean): boolean => value;
const above = (nothing: number) => (value: number) => (value > nothing ? value : undefined);

/** Options of running a query, stored with a persistent query when it is created. */
const runOptions = [
  option({
    name: 'auto.offset.reset',
    type: oneOf('earliest', 'latest'),
    default: 'latest',
    doc: 'Where a query that has no position yet begins to read a stream; tables are always read from the beginning',
    read: (value) => value === 'earliest',
  }),
  option({
    name: 'processing.guarantee',
    type: oneOf('at_least_once', 'exactly_once_v2', 'exactly_once', 'exactly_once_beta'),
    default: 'at_least_once',
    doc: 'Whether tasks on Kafka commit by transactions; the embedded log always commits exactly once',
    read: (value) => value !== 'at_least_once',
  }),
  option({
    name: 'commit.interval.ms',
    type: whole(1),
    default: undefined,
    doc: 'How often a task on Kafka commits: unless set 1000; under exactly once 100, and 500 while the task is so far behind that what it reads waits longer than that',
    read: (value) => value,
  }),
  option({
    name: 'cache.max.bytes.buffering',
    type: whole(0),
    default: undefined,
    doc: 'How large the cache of a state store is: unless set up to 64 MB while the heap is small, 10 MB when it is not; above 0 only the last change of a key in a micro-batch is sent, 0 sends every change',
    read: (value) => value,
  }),
  option({
    name: 'max.task.idle.ms',
    type: whole(0),
    default: '0',
    doc: 'How long a join waits for an input that has nothing to give, so that rows meet in the order of their times',
    read: above(0),
  }),
  option({
    name: 'ksql.idle.timeout.ms',
    type: whole(0),
    default: '0',
    doc: 'After so long without input EMIT FINAL and outer joins send what waits for stream time; 0 for never',
    read: above(0),
  }),
  option({
    name: 'ksql.timestamp.throw.on.invalid',
    type: bool,
    default: 'false',
    doc: 'Whether a record whose TIMESTAMP column cannot be read stops its query instead of being logged and left out',
    read: on,
  }),
  option({
    name: 'ksql.fail.on.production.error',
    type: bool,
    default: 'false',
    doc: 'Whether a row that cannot be written to its topic stops its query instead of being logged and left out',
    read: on,
  }),
  option({
    name: 'ksql.fail.on.deserialization.error',
    type: bool,
    default: 'false',
    doc: 'Whether a record that cannot be read stops its query instead of being logged and left out',
    read: on,
  }),
  option({
    name: 'ksql.logging.processing.rows.include',
    type: bool,
    default: 'false',
    doc: 'Whether the processing log has copies of the records that failed',
    read: on,
  }),
  option({
    name: 'ksql.functions.collect_list.limit',
    type: whole(-1),
    default: '-1',
    doc: 'How many values COLLECT_LIST keeps, the first ones; -1 for all',
    read: above(-1),
  }),
  option({
    name: 'ksql.functions.collect_set.limit',
    type: whole(-1),
    default: '-1',
    doc: 'How many values COLLECT_SET keeps, the first ones; -1 for all',
    read: above(-1),
  }),
] as const;

/** Options of parsing and analysing statements. */
const statementOptions = [
  option({
    name: 'ksql.persistence.default.format.key',
    type: text,
    default: 'KAFKA',
    doc: 'The key format where a statement names none',
    read: (value) => value || 'KAFKA',
  }),
  option({
    name: 'ksql.persistence.default.format.value',
    type: text,
    default: undefined,
    doc: 'The value format where a statement names none',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ksql.persistence.wrap.single.values',
    type: oneOf('', 'true', 'false'),
    default: undefined,
    doc: 'Whether a single value column is written as a record of one field; without it as its format does',
    read: (value) => (value ? value === 'true' : undefined),
  }),
  option({
    name: 'millrace.join.wait.ms',
    type: whole(0),
    default: '0',
    doc: 'How long, by stream time, a row waits for the row that it is joined with FOR SYSTEM_TIME AS OF, where the statement has no JOIN_WAIT',
    read: (value) => value,
  }),
  option({
    name: 'ksql.suppress.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether EMIT FINAL is allowed',
    read: on,
  }),
  option({
    name: 'ksql.output.topic.name.prefix',
    type: text,
    default: '',
    doc: 'Stands before the topic of a result that names none',
    read: (value) => value,
  }),
  option({
    name: 'ksql.lambdas.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether lambda functions are allowed',
    read: on,
  }),
  option({
    name: 'ksql.headers.columns.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether a source may declare columns of headers',
    read: on,
  }),
  option({
    name: 'ksql.insert.into.values.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether INSERT INTO … VALUES is allowed',
    read: on,
  }),
  option({
    name: 'ksql.create.or.replace.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether CREATE OR REPLACE is allowed',
    read: on,
  }),
  option({
    name: 'ksql.variable.substitution.enable',
    type: bool,
    default: 'true',
    doc: 'Whether ${name} is replaced by the variable of that name',
    read: on,
  }),
  option({
    name: 'ksql.query.persistent.active.limit',
    type: whole(0),
    default: undefined,
    doc: 'How many queries that run on there may be; without it any number',
    read: (value) => value,
  }),
  option({
    name: 'ksql.assert.topic.default.timeout.ms',
    type: whole(0),
    default: '1000',
    doc: 'How long ASSERT TOPIC waits without TIMEOUT',
    read: (value) => value,
  }),
  option({
    name: 'ksql.assert.schema.default.timeout.ms',
    type: whole(0),
    default: '1000',
    doc: 'How long ASSERT SCHEMA waits without TIMEOUT',
    read: (value) => value,
  }),
] as const;

/** Options of answering clients' queries. */
const clientOptions = [
  option({
    name: 'ksql.pull.queries.enable',
    type: bool,
    default: 'true',
    doc: 'Whether pull queries are allowed',
    read: on,
  }),
  option({
    name: 'ksql.query.pull.memory.bytes',
    type: whole(1),
    default: String(64 << 20),
    doc: 'About how much memory a pull query may hold rows in, for its joins, groups and order',
    read: (value) => value,
  }),
  option({
    name: 'millrace.vector.memory.bytes',
    type: whole(1),
    default: String(256 << 20),
    doc: 'About how much memory the vectors of a column may take that pull queries look for the nearest ones in; a column that needs more is read from the table at each query',
    read: (value) => value,
  }),
  option({
    name: 'ksql.query.pull.table.scan.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether a pull query may look at every row of a table',
    read: on,
  }),
  option({
    name: 'ksql.query.pull.range.scan.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether a pull query may ask for a range of keys, where it may not look at every row',
    read: on,
  }),
  option({
    name: 'ksql.query.pull.stream.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether a pull query may read a stream from its beginning to its end',
    read: on,
  }),
  option({
    name: 'ksql.query.pull.limit.clause.enabled',
    type: bool,
    default: 'true',
    doc: 'Whether a pull query may have LIMIT',
    read: on,
  }),
  option({
    name: 'ksql.query.push.v2.enabled',
    type: bool,
    default: 'false',
    doc: 'Whether a simple push query on the result of a query reads what that writes from now on, without rows that have no key',
    read: on,
  }),
  option({
    name: 'ksql.max.push.queries',
    type: whole(0),
    default: '100',
    doc: 'How many push queries may run at once on a node',
    read: (value) => value,
  }),
] as const;

/** Everything that SET, streamsProperties of a request and the server's settings may set for queries and statements. */
export const sessionOptions = optionTable(...runOptions, ...statementOptions, ...clientOptions);
export type SessionOption = (typeof sessionOptions)['options'][number];
