/** Errors in the shape of a query. */
export const queryCodes = {
  AGGREGATE_WITHOUT_GROUP_BY: {
    message: () => 'a table of aggregates needs GROUP BY',
    hint: () => 'Add GROUP BY; one group of all rows is a push query only: SELECT … EMIT CHANGES.',
  },
  NO_AGGREGATE: {
    message: () => 'GROUP BY needs an aggregate function in SELECT or HAVING',
    hint: () => 'Add COUNT(*), or use PARTITION BY to change the key.',
  },
  DISTINCT_INVALID: {
    message: (p: { why: string }) => `SELECT DISTINCT: ${p.why}`,
    hint: (p: { hint: string }) => p.hint,
  },
  GROUP_BY_EMPTY: { message: () => 'GROUP BY needs at least one expression' },
  PARTITION_BY_EMPTY: {
    message: () => 'PARTITION BY needs at least one expression',
    hint: () => 'PARTITION BY NULL takes the key away.',
  },
  NOT_GROUPED: {
    message: (p: { column: string; clause: string }) =>
      `column "${p.column}" of ${p.clause} is neither grouped by nor aggregated`,
    hint: () => 'Add it to GROUP BY, or wrap it in an aggregate such as LATEST_BY_OFFSET.',
  },
  AGGREGATE_IN_GROUP_BY: {
    message: (p: { name: string }) => `aggregate function "${p.name}" cannot stand in GROUP BY`,
  },
  HAVING_WITHOUT_GROUP_BY: { message: () => 'HAVING needs a GROUP BY' },
  AGGREGATE_NO_UNDO: {
    message: (p: { name: string }) => `aggregate function "${p.name}" cannot be applied to a table`,
    hint: () => 'An update of a table row must be taken back, and this aggregate cannot forget a value.',
  },
  AGGREGATE_NO_MERGE: {
    message: (p: { name: string; window: string }) =>
      `aggregate function "${p.name}" cannot be used in ${p.window} windows`,
    hint: () => 'It has no merge, which puts the parts of such windows together.',
  },
  WINDOW_WITHOUT_GROUP_BY: { message: () => 'WINDOW needs a GROUP BY' },
  WINDOW_ON_TABLE: { message: () => 'WINDOW cannot be applied to a table' },
  WINDOW_INVALID: {
    message: (p: { why: string }) => `WINDOW: ${p.why}`,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  WINDOW_BOUNDS_MISPLACED: {
    message: (p: { column: string; clause: string }) => `window bound "${p.column}" cannot stand in ${p.clause}`,
    hint: () => 'Window bounds can only be selected.',
  },
  EMIT_FINAL_INVALID: {
    message: () => 'EMIT FINAL needs a windowed aggregation, a function with OVER, or MATCH_RECOGNIZE',
    hint: () => 'WINDOW TUMBLING (SIZE 1 HOUR) before GROUP BY makes windows, which end; EMIT CHANGES needs none.',
  },
  EMIT_FINAL_DISABLED: { message: () => 'EMIT FINAL is switched off by ksql.suppress.enabled' },
  KEY_MISSING: {
    message: (p: { keys: string }) => `the key ${p.keys} is missing from the projection`,
    hint: (p: { example: string }) => `Add ${p.example} to SELECT.`,
  },
  KEY_TWICE: {
    message: (p: { key: string }) => `the key "${p.key}" is projected more than once`,
    hint: (p: { key: string }) => `Copy it into the value with AS_VALUE(${p.key}).`,
  },
  NO_VALUE_COLUMNS: {
    message: () => 'the projection has no value columns',
    hint: () => 'Select at least one column beside the key.',
  },
  NO_COLUMNS: { message: () => 'the projection selects no column' },
  DUPLICATE_COLUMN: {
    message: (p: { column: string }) => `column "${p.column}" is there more than once`,
    hint: () => 'Give one of them another name: in SELECT with AS.',
  },
  RESERVED_COLUMN: {
    message: (p: { column: string }) => `reserved column name: "${p.column}" is a pseudo column`,
    hint: () => 'Give the column another name with AS.',
  },
  NOT_A_STREAM: {
    message: (p: { why: string }) => `the query does not give a stream: ${p.why}`,
    hint: () => 'Use CREATE TABLE.',
  },
  NOT_A_TABLE: {
    message: (p: { why: string }) => `the query does not give a table: ${p.why}`,
    hint: () => 'Use CREATE STREAM, or add a GROUP BY.',
  },
  LIMIT_NOT_INTEGER: { message: (p: { text: string }) => `LIMIT needs a whole number, not ${p.text}` },
  ORDER_BY_MISPLACED: {
    message: () => 'only a pull query can be ordered: the rows of others do not end',
    hint: () => 'Leave out EMIT, or ORDER BY.',
  },
  ORDER_BY_CONSTANT: { message: () => 'ORDER BY: a constant orders nothing; columns of SELECT are numbered from 1' },
  ORDER_BY_COLUMN: {
    message: (p: { number: number; columns: number }) =>
      `ORDER BY: there is no column ${p.number}, SELECT has ${p.columns}`,
  },
  ORDER_BY_TYPE: { message: (p: { type: string }) => `ORDER BY: values of type ${p.type} have no order` },
  SUBQUERY_INVALID: {
    message: (p: { why: string }) => `IN (subquery): ${p.why}`,
    hint: (p: { hint: string }) => p.hint,
  },
  SUBQUERY_LIMIT: {
    message: () => 'LIMIT cannot be part of a subquery: its rows do not end',
    hint: () => 'Put LIMIT behind the outer query.',
  },
  CTE_TWICE: { message: (p: { name: string }) => `WITH names "${p.name}" twice` },
  UNION_MISMATCH: { message: (p: { why: string }) => `UNION ALL: ${p.why}` },
  OFFSET_MISPLACED: {
    message: () => 'OFFSET can only be part of a pull query: the rows of others do not end',
    hint: () => 'Leave it out; where a client asks, leave out EMIT.',
  },
  LIMIT_NOT_ALLOWED: {
    message: () => 'LIMIT cannot be part of a persistent query',
    hint: () => 'Leave it out: a client that reads the result may say LIMIT.',
  },
  PARTITION_BY_TABLE: {
    message: () => 'PARTITION BY cannot be applied to a table',
    hint: () => 'Use GROUP BY to change the key of a table.',
  },
  DUPLICATE_GROUPING: { message: () => 'this expression stands in GROUP BY already' },
  PARTITION_AND_GROUP: { message: () => 'PARTITION BY and GROUP BY exclude each other' },
  KEY_TYPE: {
    message: (p: { column: string; type: string; clause: string }) =>
      `${p.clause} of "${p.column}": ${p.type} holds a MAP, which no key can`,
  },
  JOIN_CONDITION: {
    message: (p: { why: string }) => `JOIN: ${p.why}`,
    hint: () => 'Use one equality between the two sources: ON a.x = b.y.',
  },
  JOIN_TYPES: {
    message: (p: { left: string; right: string }) => `JOIN: the sides have different types: ${p.left} and ${p.right}`,
    hint: () => 'Convert one side with CAST.',
  },
  JOIN_WITHIN_MISSING: {
    message: () => 'a join of two streams needs WITHIN',
    hint: () => 'Say how far apart in time rows may be: WITHIN 1 HOUR.',
  },
  JOIN_WITHIN_MISPLACED: { message: () => 'WITHIN is for joins of two streams only' },
  JOIN_KIND: {
    message: (p: { kind: string; left: string; right: string }) =>
      `a ${p.kind} JOIN of a ${p.left} with a ${p.right} is not possible`,
    hint: (p: { fix: string }) => p.fix,
  },
  TEMPORAL_JOIN: { message: (p: { why: string; fix: string }) => p.why, hint: (p: { fix: string }) => p.fix },
  FOREIGN_KEY_JOIN: { message: (p: { why: string }) => p.why, hint: (p: { fix: string }) => p.fix },
  JOIN_NOT_PRIMARY_KEY: {
    message: () => 'a table must be joined on its primary key',
    hint: (p: { key: string }) => `Join on ${p.key}.`,
  },
  JOIN_SELF: { message: (p: { source: string }) => `"${p.source}" cannot be joined with itself` },
  JOIN_WINDOWED: { message: (p: { why: string }) => `JOIN: ${p.why}` },
  JOIN_CO_PARTITION: {
    message: (p: { left: string; leftCount: number; right: string; rightCount: number }) =>
      `JOIN: "${p.left}" has ${p.leftCount} partitions and "${p.right}" has ${p.rightCount}`,
    hint: (p: { isTable: boolean }) =>
      p.isTable
        ? 'Copy one of them: CREATE TABLE … WITH (PARTITIONS=n) AS SELECT * FROM ….'
        : 'Repartition the stream: CREATE STREAM … WITH (PARTITIONS=n) AS SELECT … PARTITION BY ….',
  },
  KAFKA_VALUE_FORMAT: {
    message: (p: { source: string }) =>
      `"${p.source}" has the KAFKA value format, which joins and groupings do not read`,
    hint: () => 'Copy it into another format first.',
  },
  WINDOWED_SOURCE: { message: (p: { why: string }) => `windowed source: ${p.why}` },
  TABLE_FUNCTION_ON_TABLE: { message: () => 'table functions cannot be applied to a table' },
  NOT_QUERYABLE: {
    message: (p: { source: string }) => `table "${p.source}" has no state to pull from`,
    hint: (p: { source: string }) =>
      `Materialise it: CREATE TABLE q AS SELECT * FROM ${p.source};, or add EMIT CHANGES for a push query.`,
  },
  PARTITIONS_UNAVAILABLE: {
    status: 503,
    message: (p: { source: string; partitions: readonly number[]; why: string }) =>
      p.partitions.length === 1
        ? `partition ${p.partitions[0]} of "${p.source}" cannot be read: ${p.why}`
        : `partitions ${p.partitions.join(', ')} of "${p.source}" cannot be read: ${p.why}`,
    hint: () => 'Ask again when another node has taken them over; SHOW QUERIES shows the state of the query.',
  },
  PULL_TOO_LARGE: {
    message: (p: { bytes: number }) =>
      `this pull query needs more than ${p.bytes} bytes of memory for the rows that it joins, groups or orders`,
    hint: () =>
      'Let WHERE leave fewer rows, raise ksql.query.pull.memory.bytes, or keep the result: CREATE TABLE … AS SELECT ….',
  },
  PULL_DISABLED: {
    message: (p: { setting: string }) => `pull queries of this kind are switched off by ${p.setting}`,
    hint: (p: { setting: string }) => `Set ${p.setting}=true, or add EMIT CHANGES for a push query.`,
  },
  PULL_UNSUPPORTED: {
    message: (p: { what: string }) => `a pull query cannot have ${p.what}`,
    hint: () => 'Add EMIT CHANGES for a push query.',
  },
  PULL_SCAN_DISABLED: {
    message: () => 'this pull query reads the whole table, and table scans are switched off',
    hint: (p: { keys: string }) =>
      `Give every key a value in WHERE (${p.keys}), or SET 'ksql.query.pull.table.scan.enabled'='true'.`,
  },
  INSERT_COLUMNS: {
    message: (p: { why: string }) => `the query does not fit the target: ${p.why}`,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  INVOKE_ON_TABLE: { message: () => 'INVOKE MODEL needs a stream: a table row cannot be scored again to take it back' },
  MODEL_ARGUMENTS: { message: (p: { model: string; why: string }) => `model "${p.model}": ${p.why}` },
} as const;
