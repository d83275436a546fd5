import type { Route } from '../access/route-rights.ts';
import type { SchemaName } from './schemas.ts';

/** A media type with the schema of its content, or with texts of no schema. */
export type Content = readonly (readonly [type: string, schema: SchemaName | 'text'])[];

/** What a route is for, takes and answers; the errors that any route may answer are added. */
export interface Operation {
  readonly tag: 'Node' | 'Statements' | 'Queries' | 'Features' | 'Schema registry';
  readonly summary: string;
  /** Parameters of the query by name, and what they are for. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Content;
  readonly answers: Readonly<Record<number, Content>>;
  /** The form of its errors; by default ksqlDB's. */
  readonly errors?: 'RegistryError';
}

const json = (schema: SchemaName): Content => [['application/json', schema]];
const rows: Content = [
  ['application/vnd.ksql.v1+json', 'RowArray'],
  ['application/vnd.ksql.v1+protobuf', 'text'],
  ['application/json', 'PlainRowArray'],
  ['application/vnd.ksqlapi.delimited.v1', 'RowLines'],
  ['text/plain', 'text'],
];
const node = (summary: string, schema: SchemaName): Operation => ({
  tag: 'Node',
  summary,
  answers: { 200: json(schema) },
});
/** A probe, which answers 503 when it is no. */
const probe = (summary: string, schema: SchemaName): Operation => ({
  tag: 'Node',
  summary,
  answers: { 200: json(schema), 503: json(schema) },
});
const registry = (summary: string, answer: SchemaName, body?: SchemaName): Operation => ({
  tag: 'Schema registry',
  summary,
  ...(body === undefined ? {} : { body: json(body) }),
  answers: { 200: [['application/vnd.schemaregistry.v1+json', answer]] },
  errors: 'RegistryError',
});

const oneEntity = (summary: string): Operation => ({
  tag: 'Features',
  summary,
  query: {
    features: 'Columns of the view, with commas between them; by default all but its entities and its TIMESTAMP',
    full_feature_names: 'true puts the name of the view before those of the features',
    key: 'The value of an entity column, by the name of the column',
  },
  answers: { 200: json('OnlineFeatures') },
});

/** What each route does; one without an entry does not compile. */
export const operations: Readonly<Record<Route, Operation>> = {
  'GET /': { tag: 'Node', summary: 'Goes to /info', answers: { 307: [['text/plain', 'text']] } },
  'GET /info': node('Versions and names of the node', 'Info'),
  'GET /v1/metadata': node('The version that is spoken, and the ids of the clusters', 'Metadata'),
  'GET /v1/metadata/id': node('The ids of the clusters', 'ClusterId'),
  'GET /healthcheck': probe('Whether the node can work, and what of it cannot', 'Health'),
  'GET /chc/ready': probe('The same as /readyz', 'Empty'),
  'GET /chc/live': node('The same as /livez', 'Empty'),
  'GET /readyz': probe('Whether its queries have come to their work since its start', 'Empty'),
  'GET /livez': node('Whether the process answers', 'Empty'),
  'GET /openapi.json': node('This description', 'Empty'),
  'POST /peer/rows': {
    tag: 'Node',
    summary: 'Between the nodes of a cluster: rows that one of them holds',
    body: [['application/octet-stream', 'text']],
    answers: { 200: [['application/octet-stream', 'text']] },
  },
  'GET /clusterStatus': node('The nodes of the cluster and what they run', 'ClusterStatus'),
  'GET /status': node('How the commands of all sources ended', 'CommandStatuses'),
  'GET /status/:type/:entity/:action': node('How a command ended', 'CommandStatus'),
  'GET /is_valid_property/:property': {
    tag: 'Node',
    summary: 'Whether a session may set a property',
    answers: { 200: [['application/json', 'text']] },
  },
  'GET /metrics': { tag: 'Node', summary: 'Metrics for Prometheus', answers: { 200: [['text/plain', 'text']] } },
  'POST /ksql': {
    tag: 'Statements',
    summary: 'Executes statements in order, all but SELECT, SUMMARIZE and PRINT',
    body: json('KsqlRequest'),
    answers: { 200: [['application/json', 'Entities']] },
  },
  'POST /ksql/terminate': {
    tag: 'Statements',
    summary: 'Terminates all queries and deletes topics',
    body: json('TerminateCluster'),
    answers: { 200: [['application/json', 'Entities']] },
  },
  'POST /query': {
    tag: 'Queries',
    summary: 'The rows of one SELECT, SUMMARIZE or PRINT, in the older form by default',
    body: json('KsqlRequest'),
    answers: { 200: rows },
  },
  'POST /query-stream': {
    tag: 'Queries',
    summary: 'The rows of one SELECT, SUMMARIZE or PRINT, as lines by default',
    body: json('KsqlRequest'),
    answers: { 200: rows },
  },
  'GET /ws/query': {
    tag: 'Queries',
    summary: 'The rows of one SELECT, SUMMARIZE or PRINT over a WebSocket: the schema, then a frame for each row',
    query: { request: 'A KsqlRequest as JSON', version: 'The version of this route, which is 1' },
    answers: { 101: [], 426: json('Error') },
  },
  'POST /close-query': {
    tag: 'Queries',
    summary: 'Ends a push query',
    body: json('CloseQuery'),
    answers: { 200: json('Empty') },
  },
  'POST /inserts-stream': {
    tag: 'Queries',
    summary: 'Writes rows as they come, and acknowledges each',
    body: [['application/vnd.ksqlapi.delimited.v1', 'InsertLines']],
    answers: {
      200: [
        ['application/vnd.ksqlapi.delimited.v1', 'text'],
        ['application/json', 'Acks'],
      ],
    },
  },
  'POST /get-online-features': {
    tag: 'Features',
    summary: 'The newest features of entities, in the form of Feast',
    body: json('OnlineFeaturesRequest'),
    answers: { 200: json('OnlineFeatures') },
  },
  'GET /feature-views/:view': oneEntity(
    'The newest features of one entity, whose columns are parameters: ?user_id=u1&merchant_id=7',
  ),
  'GET /feature-views/:view/:entity': oneEntity(
    'The newest features of one entity: the path has the value of the one column that no parameter names',
  ),
  'POST /push': {
    tag: 'Features',
    summary: 'Writes rows into the topic of a source, or of the one that a feature view reads, in the form of Feast',
    body: json('Push'),
    answers: { 200: json('Pushed') },
  },
  'GET /subjects': registry('The subjects', 'Subjects'),
  'GET /schemas/types': registry('The types of schemas', 'Subjects'),
  'GET /schemas/ids/:id': registry('A schema by its id', 'RegisteredSchema'),
  'GET /subjects/:subject/versions': registry('The versions of a subject', 'Versions'),
  'GET /subjects/:subject/versions/:version': registry('A version of a subject, or the latest', 'SchemaOfSubject'),
  'POST /subjects/:subject': registry('The version that has this schema', 'SchemaOfSubject', 'NewSchema'),
  'POST /subjects/:subject/versions': registry('Registers a schema', 'SchemaId', 'NewSchema'),
  'DELETE /subjects/:subject': registry('Removes a subject', 'Versions'),
  'GET /config': registry('The level of compatibility', 'CompatibilityLevel'),
  'GET /config/:subject': registry('The level of compatibility of a subject', 'CompatibilityLevel'),
  'PUT /config': registry('Sets the level of compatibility', 'Compatibility', 'Compatibility'),
  'PUT /config/:subject': registry('Sets that of a subject', 'Compatibility', 'Compatibility'),
};
