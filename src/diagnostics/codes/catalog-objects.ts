/** What people write as a property and is a clause. */
const clauseOf: Readonly<Record<string, string>> = {
  TTL: 'TTL is a clause of CREATE FEATURE VIEW: … ENTITY KEY (key) TIMESTAMP ts TTL 24 HOURS WITH (…) AS ….',
  ENTITY_KEY: 'ENTITY KEY is a clause of CREATE FEATURE VIEW: … ENTITY KEY (key) WITH (…) AS ….',
};

/** Errors of statements about sources, topics, models and queries. */
export const catalogCodes = {
  SOURCE_NOT_FOUND: {
    message: (p: { name: string }) => `"${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW STREAMS and SHOW TABLES list what there is.' : `Did you mean ${p.suggestion}?`,
  },
  SOURCE_EXISTS: {
    message: (p: { kind: string; name: string }) => `${p.kind} "${p.name}" already exists`,
    hint: () => 'Use IF NOT EXISTS, OR REPLACE, or another name.',
  },
  MADE_OTHERWISE: {
    message: (p: { word: string; name: string; made: string }) =>
      `${p.word} "${p.name}" is there already, made by another statement: ${p.made}`,
    hint: (p: { cure: 'OR REPLACE' | 'DROP TYPE' }) =>
      p.cure === 'OR REPLACE'
        ? 'CREATE OR REPLACE changes it, CREATE … IF NOT EXISTS keeps it; or use another name.'
        : 'CREATE TYPE IF NOT EXISTS keeps it; a server drops it by DROP TYPE; or use another name.',
  },
  WRONG_SOURCE_KIND: {
    message: (p: { name: string; expected: string; actual: string }) =>
      `"${p.name}" is a ${p.actual}, not a ${p.expected}`,
  },
  SOURCE_READ_ONLY: { message: (p: { name: string }) => `"${p.name}" is read-only` },
  SOURCE_IN_USE: {
    message: (p: { name: string; by: string }) => `"${p.name}" is used by ${p.by}`,
    hint: (p: { cascades: boolean }) =>
      `Terminate or drop ${p.cascades ? 'those first, or add CASCADE' : 'those first'}.`,
  },
  REPLACE_REFUSED: {
    message: (p: { name: string; why: string }) => `"${p.name}" cannot be replaced: ${p.why}`,
    hint: (p: { hint?: string }) => p.hint,
  },
  TRAINING_SET_INVALID: {
    message: (p: { why: string }) => `training set: ${p.why}`,
    hint: () => 'SELECT … FROM spine s LEFT JOIN view FOR SYSTEM_TIME AS OF s.time AS v ON s.key = v.key',
  },
  TRAINING_SET_EXISTS: {
    message: (p: { name: string }) => `training set "${p.name}" already exists`,
    hint: () => 'Use IF NOT EXISTS, OR REPLACE, or another name.',
  },
  TRAINING_SET_NOT_FOUND: {
    status: 404,
    message: (p: { name: string }) => `training set "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW TRAINING SETS lists them.' : `Did you mean ${p.suggestion}?`,
  },
  MONITOR_INVALID: {
    message: (p: { name: string; why: string }) => `monitor "${p.name}": ${p.why}`,
    hint: (p: { hint?: string | undefined }) => p.hint,
  },
  MONITOR_NOT_FOUND: {
    status: 404,
    message: (p: { name: string }) => `monitor "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW MONITORS lists them.' : `Did you mean ${p.suggestion}?`,
  },
  FILES_REFUSED: {
    message: (p: { name: string; why: string }) => `the files of "${p.name}": ${p.why}`,
    hint: (p: { hint: string }) => p.hint,
  },
  STORE_REFUSED: {
    status: 503,
    message: (p: { name: string; why: string }) => `the store of "${p.name}" cannot be used: ${p.why}`,
    hint: () => "Start it, or correct its address and its secret; VALIDATE='OFF' creates without asking it.",
  },
  STORE_UNAVAILABLE: {
    status: 503,
    message: (p: { name: string; why: string }) => `the store of "${p.name}" does not answer: ${p.why}`,
    hint: (p: { name: string }) =>
      `Ask again when it is back: what the view writes meanwhile follows. SELECT * FROM ${p.name} WHERE … reads the state of its query.`,
  },
  ALTER_REFUSED: {
    message: (p: { name: string; why: string }) => `"${p.name}" cannot be altered: ${p.why}`,
    hint: (p: { hint?: string | undefined }) => p.hint,
  },
  DELETE_REFUSED: {
    message: (p: { why: string }) => `DELETE: ${p.why}`,
    hint: () => 'It deletes one row of a table: DELETE FROM t WHERE key = value;',
  },
  ASSERTION_FAILED: { status: 417, message: (p: { why: string }) => p.why },
  ASSERTION_INVALID: { message: (p: { why: string }) => p.why },
  TEST_STATEMENT: {
    message: () => 'this assertion is for tests of SQL files',
    hint: () => 'Run the file with: millrace test file.sql',
  },
  CONNECT_REFUSED: {
    message: (p: { why: string }) => p.why,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  CONNECTOR_NOT_FOUND: {
    status: 404,
    message: (p: { name: string }) => `connector "${p.name}" does not exist`,
    hint: () => 'SHOW CONNECTORS lists them.',
  },
  NO_SOURCE_COLUMNS: {
    message: (p: { name: string }) => `"${p.name}" has no columns`,
    hint: () => 'List its columns: the format cannot tell them.',
  },
  WINDOW_WITHOUT_KEY: {
    message: (p: { name: string }) => `windowed source "${p.name}" needs a key column`,
    hint: () => 'A window is a part of the key: declare the column that was grouped by with KEY or PRIMARY KEY.',
  },
  PRIMARY_KEY_MISSING: {
    message: (p: { name: string }) => `table "${p.name}" needs a PRIMARY KEY column`,
    hint: () => 'Write PRIMARY KEY behind the type of the column that tells its rows apart.',
  },
  PRIMARY_KEY_IN_STREAM: {
    message: (p: { column: string }) => `column "${p.column}" of a stream cannot be a PRIMARY KEY`,
    hint: () => 'Streams say KEY.',
  },
  KEY_IN_TABLE: {
    message: (p: { column: string }) => `column "${p.column}" of a table must be a PRIMARY KEY`,
    hint: () => 'Tables say PRIMARY KEY where streams say KEY.',
  },
  HEADER_COLUMN: { message: (p: { why: string }) => `header column: ${p.why}` },
  INVALID_NAME: {
    message: (p: { name: string; characters: string }) =>
      `"${p.name}" holds characters that a name cannot have: ${p.characters}`,
  },
  INVALID_PROPERTY: {
    message: (p: { name: string }) => `property "${p.name}" does not exist here`,
    hint: (p: { name: string; suggestion: string | undefined }) =>
      p.suggestion === undefined ? clauseOf[p.name.toUpperCase()] : `Did you mean ${p.suggestion}?`,
  },
  INVALID_PROPERTY_VALUE: {
    message: (p: { name: string; value: string; why: string }) => `property ${p.name}=${p.value}: ${p.why}`,
  },
  PROPERTY_MISSING: { message: (p: { name: string }) => `property "${p.name}" is missing` },
  TOPIC_NOT_FOUND: {
    message: (p: { topic: string }) => `topic "${p.topic}" does not exist`,
    hint: () => 'Add PARTITIONS=n to have it created.',
  },
  TOPIC_MISMATCH: {
    message: (p: { topic: string; why: string }) => `topic "${p.topic}" exists with other settings: ${p.why}`,
  },
  TOPIC_REFUSED: {
    message: (p: { topic: string; what: 'create' | 'delete'; why: string }) =>
      `the brokers do not ${p.what} topic "${p.topic}": ${p.why}`,
    hint: (p: { what: 'create' | 'delete' }) =>
      p.what === 'delete' ? 'What the statement dropped is dropped; the topic is left.' : undefined,
  },
  FORMAT_NOT_FOUND: {
    message: (p: { format: string }) => `format "${p.format}" does not exist`,
    hint: (p: { known: string }) => `Formats: ${p.known}.`,
  },
  FORMAT_UNSUPPORTED: {
    message: (p: { format: string; why: string }) => `format ${p.format}: ${p.why}`,
    hint: (p: { other?: { readonly role: 'key' | 'value'; readonly format: string } }) =>
      p.other && `Write WITH (${p.other.role.toUpperCase()}_FORMAT='${p.other.format}').`,
  },
  FORMAT_TYPE: {
    message: (p: { format: string; column: string; type: string }) =>
      `format ${p.format} cannot hold column "${p.column}" of type ${p.type}`,
  },
  SCHEMA_NOT_FOUND: {
    message: (p: {
      role: string;
      subject: string;
      format: string;
      schemaId: number | undefined;
      fullName: string | undefined;
    }) =>
      `the schema registry has no ${p.format} schema ${p.schemaId === undefined ? `for the subject "${p.subject}"` : `with the id ${p.schemaId}`}${p.fullName === undefined ? '' : ` that has "${p.fullName}"`}`,
    hint: (p: { role: string; subject: string; format: string }) =>
      `Name the ${p.role} columns in the statement, or register a schema for ${p.subject} first${p.role === 'key' ? ", or use KEY_FORMAT='NONE'" : ''}.`,
  },
  SCHEMA_REFUSED: {
    message: (p: { subject: string; why: string }) => `a schema for "${p.subject}" is refused: ${p.why}`,
  },
  SCHEMA_MISMATCH: {
    message: (p: { role: string; columns: string; id: string; schema: string }) =>
      `these ${p.role} columns are not those of schema ${p.id}: ${p.columns}`,
    hint: (p: { schema: string }) => `The first columns must be the schema's, in its order: ${p.schema}.`,
  },
  REGISTRY_DOWN: {
    message: (p: { why: string }) => p.why,
    hint: () => 'Check ksql.schema.registry.url.',
  },
  WRAP_SINGLE_VALUE: { message: (p: { why: string }) => `WRAP_SINGLE_VALUE: ${p.why}` },
  TIMESTAMP_COLUMN: { message: (p: { why: string }) => `TIMESTAMP: ${p.why}` },
  INSERT_VALUES: { message: (p: { why: string }) => `INSERT: ${p.why}` },
  QUERY_NOT_FOUND: {
    message: (p: { id: string }) => `query "${p.id}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW QUERIES lists them.' : `Did you mean ${p.suggestion}?`,
  },
  NOTHING_TO_SKIP: {
    message: (p: { why: string }) => `nothing can be skipped: ${p.why}`,
    hint: () =>
      'RESUME query SKIP n passes over n records where a query stands in ERROR: SHOW QUERIES EXTENDED says where.',
  },
  QUERY_EXISTS: { message: (p: { id: string }) => `query "${p.id}" already exists` },
  MODEL_NOT_FOUND: {
    message: (p: { name: string }) => `model "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW MODELS lists them.' : `Did you mean ${p.suggestion}?`,
  },
  MODEL_EXISTS: {
    message: (p: { name: string }) => `model "${p.name}" already exists`,
    hint: () => 'Use OR REPLACE to add a version and make it the default.',
  },
  MODEL_VERSION_NOT_FOUND: {
    message: (p: { model: string; version: string }) => `model "${p.model}" has no version ${p.version}`,
    hint: (p: { versions: string }) => `Versions: ${p.versions}.`,
  },
  MODEL_INVALID: {
    message: (p: { model: string; why: string }) => `model "${p.model}": ${p.why}`,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  MODEL_VERSION_IN_USE: {
    message: (p: { model: string; version: number; why: string }) =>
      `version ${p.version} of model "${p.model}" is in use: ${p.why}`,
    hint: () => 'Send rows to another version first: SET ROUTE, SET DEFAULT VERSION or SET ALIAS.',
  },
  MODEL_UNAVAILABLE: {
    status: 503,
    message: (p: { model: string; version: number; why: string }) =>
      `model "${p.model}" version ${p.version} gives no score: ${p.why}`,
    hint: () => "Ask again when its server is back. With ON_ERROR='NULL' or 'DEFAULT' the other features are answered.",
  },
  MODEL_FAILED: {
    message: (p: { model: string; version: number; why: string }) =>
      `model "${p.model}" version ${p.version} does not score this: ${p.why}`,
    hint: () => "With ON_ERROR='NULL' or 'DEFAULT' the other features are answered.",
  },
  ROUTE_INVALID: { message: (p: { model: string; why: string }) => `the route of model "${p.model}": ${p.why}` },
  FEATURE_VIEW_INVALID: { message: (p: { view: string; why: string }) => `feature view "${p.view}": ${p.why}` },
  ENTITY_INVALID: {
    message: (p: { view: string; why: string }) => `this is no entity of feature view "${p.view}": ${p.why}`,
    hint: (p: { columns: string }) =>
      `DELETE ENTITY takes a value for each of ${p.columns}, in this order or as column = value.`,
  },
  ENTITY_NOT_DELETED: {
    status: 503,
    message: (p: { view: string; why: string }) =>
      `the entity is not deleted everywhere from feature view "${p.view}": ${p.why}`,
    hint: () => 'Run the statement again: what is deleted already stays so.',
  },
  FEATURE_SERVICE_INVALID: {
    message: (p: { service: string; why: string }) => `feature service "${p.service}": ${p.why}`,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  FEATURE_SERVICE_EXISTS: {
    message: (p: { name: string }) => `feature service "${p.name}" already exists`,
    hint: () => 'Use IF NOT EXISTS, OR REPLACE, or another name.',
  },
  FEATURE_SERVICE_NOT_FOUND: {
    status: 404,
    message: (p: { name: string }) => `feature service "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW FEATURE SERVICES lists them.' : `Did you mean ${p.suggestion}?`,
  },
  VERIFICATION_REFUSED: {
    message: (p: { view: string; why: string }) => `"${p.view}" cannot be verified: ${p.why}`,
  },
  BACKFILL_REFUSED: {
    message: (p: { view: string; why: string }) => `"${p.view}" cannot be backfilled: ${p.why}`,
    hint: (p: { hint: string | undefined }) => p.hint,
  },
  VIEW_VERSION_NOT_FOUND: {
    status: 404,
    message: (p: { view: string; version: string }) => `feature view "${p.view}" has no version ${p.version}`,
    hint: (p: { versions: string }) => `It has ${p.versions}.`,
  },
  VIEW_VERSION_REFUSED: {
    message: (p: { view: string; version: number }) =>
      `version ${p.version} of feature view "${p.view}" is the one that is live`,
    hint: () => 'Replace it first, and drop it when the new version is live; DROP FEATURE VIEW drops the whole view.',
  },
  FEATURE_VIEW_NOT_FOUND: {
    status: 404,
    message: (p: { name: string }) => `feature view "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW FEATURE VIEWS lists them.' : `Did you mean ${p.suggestion}?`,
  },
} as const;
