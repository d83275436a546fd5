import { entityTypes } from '../../statements/entity-types.ts';

/** A JSON Schema (2020-12). */
export type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };
const flag: Schema = { type: 'boolean' };
export const ref = (name: SchemaName): Schema => ({ $ref: `#/components/schemas/${name}` });
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const nullable = (type: string): Schema => ({ type: [type, 'null'] });
/** An object with these fields, of which those that end in `?` may be absent; others may come. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields);
  return {
    type: 'object',
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
  };
}

const listedSource = object({
  type: { enum: ['STREAM', 'TABLE'] },
  name: text,
  topic: text,
  keyFormat: text,
  valueFormat: text,
  isWindowed: flag,
});
const properties = mapOf({ type: ['string', 'number', 'boolean', 'null'] });
const hosts = object({ scope: object({ path: listOf(text), clusters: mapOf(text) }), id: text });
const schemaFields = { 'schemaType?': text, schema: text, 'references?': listOf({ type: 'object' }) };

const table = {
  Empty: { type: 'object' },
  Info: object({
    KsqlServerInfo: object({
      version: text,
      millraceVersion: text,
      kafkaClusterId: text,
      ksqlServiceId: text,
      serverStatus: text,
      node: { enum: ['embedded', 'kafka'] },
    }),
  }),
  Metadata: object({ version: text, clusterId: hosts }),
  ClusterId: hosts,
  Health: object({
    isHealthy: flag,
    details: mapOf(object({ isHealthy: flag, 'message?': text })),
    serverState: text,
  }),
  ClusterStatus: object({
    clusterStatus: mapOf(
      object({
        hostAlive: flag,
        lastStatusUpdateMs: whole,
        activeStandbyPerQuery: mapOf(
          object({
            activeStores: listOf(text),
            activePartitions: listOf({ type: ['object', 'integer'] }),
            standByStores: listOf(text),
            standByPartitions: listOf({ type: ['object', 'integer'] }),
          }),
        ),
        hostStoreLags: object({ stateStoreLags: { type: 'object' }, updateTimeMs: whole }),
      }),
    ),
  }),
  CommandStatuses: object({ commandStatuses: mapOf(text) }),
  CommandStatus: object({ status: text, message: text, queryId: nullable('string') }),
  KsqlRequest: {
    type: 'object',
    anyOf: [{ required: ['ksql'] }, { required: ['sql'] }],
    properties: {
      ksql: { type: 'string', description: 'Statements that end in semicolons' },
      sql: { type: 'string', description: 'The same as ksql' },
      streamsProperties: { ...properties, description: 'Properties of these statements, as by SET' },
      properties: { ...properties, description: 'The same as streamsProperties' },
      sessionVariables: { ...properties, description: 'Variables, as by DEFINE' },
      commandSequenceNumber: {
        type: 'integer',
        description: 'The command that the node must have applied before it answers',
      },
    },
    examples: [{ ksql: 'SHOW STREAMS;', streamsProperties: {} }],
  },
  CloseQuery: object({ queryId: text }),
  TerminateCluster: object({ 'deleteTopicList?': listOf(text) }),
  Entity: {
    ...object({
      '@type': { enum: entityTypes },
      statementText: text,
      warnings: listOf(object({ message: text })),
      'commandId?': text,
      'commandStatus?': object({ status: text, message: text, queryId: nullable('string') }),
      'commandSequenceNumber?': whole,
      'streams?': listOf(listedSource),
      'tables?': listOf(listedSource),
      'queries?': listOf(
        object({
          queryString: text,
          sinks: listOf(text),
          sinkKafkaTopics: listOf(text),
          id: text,
          statusCount: mapOf(whole),
          queryType: { enum: ['PERSISTENT', 'PUSH'] },
          state: text,
        }),
      ),
      'sourceDescription?': { $ref: '#/components/schemas/SourceDescription' },
      'sourceDescriptions?': listOf({ $ref: '#/components/schemas/SourceDescription' }),
      'queryDescription?': { $ref: '#/components/schemas/QueryDescription' },
      'queryDescriptions?': listOf({ $ref: '#/components/schemas/QueryDescription' }),
      'topics?': listOf(object({ name: text, replicaInfo: listOf(whole) })),
      'properties?': listOf(object({ name: text, scope: text, value: text, editable: flag, level: text })),
    }),
    description: 'What a statement answers: the fields depend on @type',
  },
  SourceDescription: object({
    name: text,
    windowType: nullable('string'),
    readQueries: listOf(object({ id: text, queryString: text })),
    writeQueries: listOf(object({ id: text, queryString: text })),
    fields: listOf(object({ name: text, schema: { type: 'object' } })),
    type: { enum: ['STREAM', 'TABLE'] },
    keyFormat: text,
    valueFormat: text,
    topic: text,
    partitions: whole,
    replication: whole,
    statement: text,
    extended: flag,
    queryOffsetSummaries: listOf({ type: 'object' }),
  }),
  QueryDescription: object({
    id: text,
    statementText: text,
    windowType: nullable('string'),
    fields: listOf(object({ name: text, schema: { type: 'object' } })),
    sources: listOf(text),
    sinks: listOf(text),
    topology: text,
    executionPlan: text,
    overriddenProperties: properties,
    queryType: { enum: ['PERSISTENT', 'PUSH'] },
    queryErrors: listOf(object({ timestamp: whole, errorMessage: text, type: text })),
    state: nullable('string'),
  }),
  RowArray: {
    type: 'array',
    description: 'A header, rows, and a message or an error at the end',
    items: {
      oneOf: [
        object({ header: object({ queryId: text, 'schema?': text, 'protoSchema?': text }) }),
        object({ row: object({ 'columns?': { type: 'array' }, 'protobufBytes?': text, 'tombstone?': flag }) }),
        object({ finalMessage: text }),
        object({ errorMessage: { $ref: '#/components/schemas/Error' } }),
      ],
    },
  },
  PlainRowArray: {
    type: 'array',
    description: 'A header and rows, each an array of values',
    prefixItems: [object({ queryId: text, columnNames: listOf(text), columnTypes: listOf(text) })],
    items: { anyOf: [{ type: 'array' }, { $ref: '#/components/schemas/Error' }] },
  },
  RowLines: {
    type: 'string',
    description: 'A line of JSON with queryId, columnNames and columnTypes, then an array of values a line',
  },
  InsertLines: {
    type: 'string',
    description: 'A line {"target":"STREAM"}, then a row a line: {"COLUMN":value}. Each row is answered by a line.',
  },
  Acks: listOf(object({ status: { enum: ['ok', 'error'] }, seq: whole, 'error_code?': whole, 'message?': text })),
  OnlineFeaturesRequest: object({
    'features?': listOf({ type: 'string', description: 'view:feature' }),
    'feature_service?': text,
    'entities?': mapOf({ type: 'array' }),
    'full_feature_names?': flag,
  }),
  OnlineFeatures: object({
    metadata: object({ feature_names: listOf(text) }),
    results: listOf(
      object({
        values: { type: 'array' },
        statuses: listOf({ enum: ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE', 'INVALID'] }),
        event_timestamps: listOf(text),
      }),
    ),
  }),
  Push: object({
    push_source_name: { type: 'string', description: 'A stream, a table, or a feature view over one of them' },
    df: mapOf({ type: 'array' }),
    'to?': { enum: ['online_and_offline', 'online'] },
  }),
  Pushed: object({ rows: whole }),
  Entities: listOf({ $ref: '#/components/schemas/Entity' }),
  Error: object({
    '@type': { enum: ['generic_error', 'statement_error'] },
    error_code: { type: 'integer', description: 'The HTTP status by 100, and a number' },
    message: text,
    'statementText?': text,
    'entities?': listOf({ $ref: '#/components/schemas/Entity' }),
    'code?': { type: 'string', description: 'What is wrong, in one word that stays the same' },
    'line?': whole,
    'column?': whole,
    'frame?': { type: 'string', description: 'The line of the statement, with a mark under the place' },
    'hint?': text,
  }),
  Subjects: listOf(text),
  Versions: listOf(whole),
  RegisteredSchema: object(schemaFields),
  SchemaOfSubject: object({ subject: text, version: whole, id: whole, ...schemaFields }),
  SchemaId: object({ id: whole }),
  NewSchema: object(schemaFields),
  CompatibilityLevel: object({ compatibilityLevel: text }),
  Compatibility: object({ compatibility: text }),
  RegistryError: object({ error_code: whole, message: text }),
} as const satisfies Readonly<Record<string, Schema>>;

export type SchemaName = keyof typeof table;
/** The schemas of requests and answers, by name. */
export const schemas: Readonly<Record<SchemaName, Schema>> = table;
