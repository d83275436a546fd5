import { renderTable } from './table.ts';
import type { Entity } from './client.ts';

type Rows = { readonly headers: readonly string[]; readonly rows: readonly (readonly string[])[] };
type Cells = Record<string, unknown>;

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};
const table = (list: unknown, columns: readonly (readonly [string, string])[]): Rows => ({
  headers: columns.map(([header]) => header),
  rows: (list as Cells[]).map((item) => columns.map(([, field]) => cell(item[field]))),
});

/** The table of each kind of answer that has one. */
const tables: Readonly<Record<string, (entity: Entity) => Rows>> = {
  streams: (entity) =>
    table(entity['streams'], [
      ['Stream', 'name'],
      ['Kafka Topic', 'topic'],
      ['Key Format', 'keyFormat'],
      ['Value Format', 'valueFormat'],
      ['Windowed', 'isWindowed'],
    ]),
  tables: (entity) =>
    table(entity['tables'], [
      ['Table', 'name'],
      ['Kafka Topic', 'topic'],
      ['Key Format', 'keyFormat'],
      ['Value Format', 'valueFormat'],
      ['Windowed', 'isWindowed'],
    ]),
  queries: (entity) =>
    table(entity['queries'], [
      ['Query ID', 'id'],
      ['Type', 'queryType'],
      ['Status', 'state'],
      ['Sink', 'sinks'],
      ['Topic', 'sinkKafkaTopics'],
      ['Query', 'queryString'],
    ]),
  function_names: (entity) =>
    table(entity['functions'], [
      ['Function', 'name'],
      ['Type', 'type'],
      ['Category', 'category'],
    ]),
  properties: (entity) =>
    table(entity['properties'], [
      ['Property', 'name'],
      ['Value', 'value'],
      ['Level', 'level'],
    ]),
  variables: (entity) =>
    table(entity['variables'], [
      ['Variable', 'name'],
      ['Value', 'value'],
    ]),
  models: (entity) =>
    table(entity['models'], [
      ['Model', 'name'],
      ['Provider', 'provider'],
      ['Versions', 'versions'],
      ['Default', 'defaultVersion'],
      ['Comment', 'comment'],
    ]),
  feature_views: (entity) =>
    table(entity['featureViews'], [
      ['Feature View', 'name'],
      ['Entity Key', 'entityKey'],
      ['TTL (ms)', 'ttlMs'],
      ['Online Store', 'onlineStore'],
      ['Owner', 'owner'],
      ['Tags', 'tags'],
      ['Comment', 'comment'],
    ]),
  type_list: (entity) => ({
    headers: ['Type', 'Schema'],
    rows: Object.entries(entity['types'] as Cells).map(([name, info]) => [name, cell((info as Cells)['type'])]),
  }),
  kafka_topics: (entity) => ({
    headers: ['Kafka Topic', 'Partitions', 'Replicas'],
    rows: (entity['topics'] as Cells[]).map((topic) => [
      cell(topic['name']),
      String((topic['replicaInfo'] as number[]).length),
      cell((topic['replicaInfo'] as number[])[0]),
    ]),
  }),
};

function describeSource(source: Cells): string {
  const fields = (source['fields'] as Cells[]).map((field) => [
    cell(field['name']),
    `${typeText(field['schema'] as Cells)}${field['type'] === undefined ? '' : ` (${cell(field['type']).toLowerCase()})`}`,
  ]);
  const facts = [
    `Name      : ${cell(source['name'])} (${cell(source['type'])})`,
    `Topic     : ${cell(source['topic'])}`,
    `Formats   : key ${cell(source['keyFormat'])}, value ${cell(source['valueFormat'])}`,
  ];
  if (source['windowType'] !== null) facts.push(`Windows   : ${cell(source['windowType'])}`);
  const queries = (name: string): string => (source[name] as Cells[]).map((query) => cell(query['id'])).join(', ');
  if (source['connector'] !== undefined) facts.push(`Connector : ${cell(source['connector'])}`);
  const options = (source['featureView'] as Cells | undefined)?.['options'] as Cells | undefined;
  for (const [name, value] of Object.entries(options ?? {})) facts.push(`${name.padEnd(10)}: ${cell(value)}`);
  if (queries('writeQueries') !== '') facts.push(`Written by: ${queries('writeQueries')}`);
  if (queries('readQueries') !== '') facts.push(`Read by   : ${queries('readQueries')}`);
  if (source['extended'] === true)
    facts.push(
      `Statistics: ${cell(source['statistics'])}; ${cell(source['errorStats'])}`,
      `Statement : ${cell(source['statement'])}`,
    );
  return `${facts.join('\n')}\n${renderTable(['Field', 'Type'], fields, 100)}`;
}

function typeText(schema: Cells): string {
  const member = schema['memberSchema'] as Cells | null;
  const fields = schema['fields'] as Cells[] | null;
  if (schema['type'] === 'ARRAY') return `ARRAY<${typeText(member!)}>`;
  if (schema['type'] === 'MAP') return `MAP<STRING, ${typeText(member!)}>`;
  if (schema['type'] === 'STRUCT')
    return `STRUCT<${fields!.map((field) => `${cell(field['name'])} ${typeText(field['schema'] as Cells)}`).join(', ')}>`;
  const parameters = schema['parameters'] as Cells | undefined;
  return parameters === undefined
    ? cell(schema['type'])
    : `DECIMAL(${cell(parameters['precision'])}, ${cell(parameters['scale'])})`;
}

const texts: Readonly<Record<string, (entity: Entity) => string>> = {
  currentStatus: (entity) => cell((entity['commandStatus'] as Cells)['message']),
  warning_entity: (entity) => cell(entity['message']),
  sourceDescription: (entity) => describeSource(entity['sourceDescription'] as Cells),
  source_descriptions: (entity) => (entity['sourceDescriptions'] as Cells[]).map(describeSource).join('\n\n'),
  queryDescription: (entity) => {
    const query = entity['queryDescription'] as Cells;
    const state = query['state'] === null ? '' : `\nState     : ${cell(query['state'])}`;
    return `${query['id'] === '' ? '' : `ID        : ${cell(query['id'])}\n`}Statement : ${cell(query['statementText'])}${state}\n\n${cell(query['executionPlan'])}\n\nTopology:\n${cell(query['topology'])}`;
  },
  describe_function: (entity) => {
    const overloads = (entity['functions'] as Cells[]).map((each) => {
      const args = (each['arguments'] as Cells[]).map(
        (arg) => `${cell(arg['name'])} ${cell(arg['type'])}${arg['isVariadic'] === true ? '...' : ''}`,
      );
      return `  ${cell(entity['name'])}(${args.join(', ')}) -> ${cell(each['returnType'])}`;
    });
    return `${cell(entity['name'])} (${cell(entity['type']).toLowerCase()})\n${cell(entity['description'])}\n${overloads.join('\n')}`;
  },
  model_description: (entity) => {
    const columns = (name: string): string =>
      (entity[name] as Cells[])
        .map((column) => `${cell(column['name'])} ${typeText(column['schema'] as Cells)}`)
        .join(', ');
    const versions = (entity['versions'] as Cells[]).map(
      (version) =>
        `  ${cell(version['version'])}${version['version'] === entity['defaultVersion'] ? ' (default)' : ''}: ${cell(version['options'])}`,
    );
    return `Model   : ${cell(entity['name'])}\nInput   : ${columns('input')}\nOutput  : ${columns('output')}\nVersions:\n${versions.join('\n')}`;
  },
};

/** One answer as a person reads it, its warnings first. */
export function renderEntity(entity: Entity, width: number): string {
  const warnings = Array.isArray(entity['warnings']) ? (entity['warnings'] as Cells[]) : [];
  return [...warnings.map(({ message }) => `Warning: ${cell(message)}`), renderAnswer(entity, width)].join('\n');
}

function renderAnswer(entity: Entity, width: number): string {
  const kind = cell(entity['@type']);
  const asText = texts[kind];
  if (asText !== undefined) return asText(entity);
  const rows = tables[kind]?.(entity);
  return rows === undefined ? JSON.stringify(entity, null, 2) : renderTable(rows.headers, rows.rows, width);
}
