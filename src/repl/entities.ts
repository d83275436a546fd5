import { wholeTable, type Output } from './layouts.ts';
import { renderTable } from './table.ts';
import type { Entity } from './client.ts';

type Rows = { readonly headers: readonly string[]; readonly rows: readonly (readonly string[])[] };
type Cells = Record<string, unknown>;

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};
const table = (list: unknown, columns: readonly (readonly [string, string])[]): Rows => ({
  headers: columns.map(([header]) => header),
  rows: (list as Cells[]).map((item) => columns.map(([, field]) => cell(item[field]))),
});

/** How the kinds of answers that have a table are shown. */
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
  verifications: (entity) =>
    table(entity['verifications'], [
      ['Verification', 'id'],
      ['View', 'view'],
      ['State', 'state'],
      ['Answers', 'answers'],
      ['File Rows', 'fileRows'],
      ['Recomputed Rows', 'recomputedRows'],
      ['Result', 'result'],
      ['Differing', 'differing'],
      ['Error', 'error'],
    ]),
  backfills: (entity) =>
    table(entity['backfills'], [
      ['Backfill', 'id'],
      ['View', 'view'],
      ['State', 'state'],
      ['Events', 'events'],
      ['Of', 'totalEvents'],
      ['Rows', 'rows'],
      ['Path', 'path'],
      ['Error', 'error'],
    ]),
  training_sets: (entity) =>
    table(entity['trainingSets'], [
      ['Training Set', 'name'],
      ['State', 'state'],
      ['Spine Rows', 'spineRows'],
      ['History Rows', 'historyRows'],
      ['Rows', 'rows'],
      ['Path', 'path'],
      ['Error', 'error'],
    ]),
  feature_views: (entity) =>
    table(entity['featureViews'], [
      ['Feature View', 'name'],
      ['Version', 'version'],
      ['Entity Key', 'entityKey'],
      ['Features', 'features'],
      ['TTL (ms)', 'ttlMs'],
      ['Lag (ms)', 'lagMs'],
      ['Fresh', 'isFresh'],
      ['Online Store', 'onlineStore'],
      ['Offline Store', 'offlineStore'],
      ['State', 'state'],
      ['Owner', 'owner'],
      ['Tags', 'tags'],
      ['Comment', 'comment'],
    ]),
  feature_services: (entity) =>
    table(entity['featureServices'], [
      ['Feature Service', 'name'],
      ['Entities', 'entities'],
      ['Request', 'request'],
      ['Models', 'models'],
      ['Features', 'features'],
      ['Owner', 'owner'],
      ['Comment', 'comment'],
    ]),
  monitors: (entity) =>
    table(entity['monitors'], [
      ['Monitor', 'name'],
      ['Target', 'target'],
      ['State', 'state'],
      ['Query', 'query'],
    ]),
  views: (entity) =>
    table(entity['views'], [
      ['View', 'name'],
      ['Query', 'query'],
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
  if (source['aggregates'] !== undefined) facts.push(`Aggregates: ${cell(source['aggregates'])}`);
  if (source['connector'] !== undefined) facts.push(`Connector : ${cell(source['connector'])}`);
  const view = source['featureView'] as Cells | undefined;
  for (const [name, value] of Object.entries((view?.['options'] as Cells | undefined) ?? {}))
    facts.push(`${name.padEnd(10)}: ${cell(value)}`);
  if (view !== undefined) facts.push(...viewFacts(view));
  if (queries('writeQueries') !== '') facts.push(`Written by: ${queries('writeQueries')}`);
  if (queries('readQueries') !== '') facts.push(`Read by   : ${queries('readQueries')}`);
  if (source['extended'] === true)
    facts.push(
      `Statistics: ${cell(source['statistics'])}; ${cell(source['errorStats'])}`,
      `Statement : ${cell(source['statement'])}`,
    );
  const groups = (source['queryOffsetSummaries'] as Cells[]).map(describeGroup);
  return [facts.join('\n'), renderTable(['Field', 'Type'], fields, 100), ...groups].join('\n');
}

/** Where a query is in the topics that it reads. */
function describeGroup(group: Cells): string {
  const rows = (group['topicSummaries'] as Cells[]).flatMap((topic) =>
    (topic['offsets'] as Cells[]).map((offsets) => {
      const [first, end, at] = ['logStartOffset', 'logEndOffset', 'consumerOffset'].map((name) => cell(offsets[name]));
      return [
        cell(topic['kafkaTopic']),
        cell(offsets['partition']),
        first!,
        end!,
        at!,
        String(Number(end) - Number(at)),
      ];
    }),
  );
  const headers = ['Topic', 'Partition', 'Start offset', 'End offset', 'Offset', 'Lag'];
  return `Consumer group ${cell(group['groupId'])}:\n${renderTable(headers, rows, 100)}`;
}

function describeQuery(query: Cells): string {
  const facts = [
    ...(query['id'] === '' ? [] : [`ID        : ${cell(query['id'])}`]),
    `Statement : ${cell(query['statementText'])}`,
    ...(query['state'] === null ? [] : [`State     : ${cell(query['state'])}`]),
    ...(query['queryErrors'] as Cells[]).map(({ errorMessage }) => `Error     : ${cell(errorMessage)}`),
  ];
  return `${facts.join('\n')}\n\n${cell(query['executionPlan'])}\n\nTopology:\n${cell(query['topology'])}`;
}

function describeVerification(report: Cells): string {
  const lines = [`${cell(report['view'])} is ${cell(report['result'])}: ${cell(report['answers'])} rows answered.`];
  if (report['orderDependent'] !== null)
    lines.push(
      `ORDER_DEPENDENT: ${cell(report['orderDependent'])}; a recomputation gives ${cell(report['orderDependentRows'])} rows otherwise.`,
    );
  for (const name of ['recomputed', 'offline']) {
    const comparison = report[name] as Cells | null;
    if (comparison === null) continue;
    const { headers, rows } = table(comparison['features'], [
      [name === 'offline' ? 'Files' : 'Recomputed', 'feature'],
      ['Compared', 'compared'],
      ['Mismatch', 'mismatch'],
      ['Missing', 'missing'],
      ['Extra', 'extra'],
      ['SMAPE', 'smape'],
    ]);
    lines.push(renderTable(headers, rows, 120));
  }
  const differences = report['differences'] as Cells[];
  if (differences.length === 0) return lines.join('\n');
  const told = differences.map((difference) => ({
    ...difference,
    answered: placeText(difference['answeredAt'] as Cells | null),
    from: difference['file'] ?? placeText(difference['event'] as Cells | null),
  }));
  const { headers, rows } = table(told, [
    ['Entity', 'entity'],
    ['Time', 'time'],
    ['Feature', 'feature'],
    ['What', 'kind'],
    ['Answered', 'online'],
    ['At', 'answered'],
    ['Otherwise', 'other'],
    ['From', 'from'],
  ]);
  return [...lines, renderTable(headers, rows, 160)].join('\n');
}
const placeText = (place: Cells | null): string =>
  place === null ? '' : `${cell(place['topic'])}/${cell(place['partition'])}/${cell(place['offset'])}`;

function viewFacts(view: Cells): string[] {
  const lineage = (view['lineage'] ?? {}) as Cells;
  const facts: [string, unknown][] = [
    ['Entity', view['entityKey']],
    ['TTL', view['ttlMs'] == null ? undefined : `${cell(view['ttlMs'])} ms`],
    ['Comment', view['comment']],
    ['Entities', view['rows']],
    ['Evaluated', view['eval'] === 'AT_READ' ? 'at the read' : undefined],
    ['Freshness', freshnessText(view)],
    ['Age', view['freshnessMs'] == null ? undefined : `${cell(view['freshnessMs'])} ms`],
    ['From topics', lineage['topics']],
    ['Services', lineage['services']],
    ['Models', lineage['models']],
    ...((view['versions'] ?? []) as Cells[]).map((version): [string, unknown] => [
      `Version ${cell(version['version'])}`,
      versionText(version),
    ]),
  ];
  return factLines(facts);
}
/** Such as `BACKFILLING, 42 % of its sources; read by CSAS_1`. */
function versionText({ isLive, state, progress, error, readers }: Cells): string {
  const done = progress == null ? '' : `, ${Math.floor(Number(progress) * 100)} % of its sources`;
  const read = (readers as unknown[]).length === 0 ? '' : `; read by ${cell(readers)}`;
  return `${isLive === true ? 'live, ' : ''}${cell(state)}${done}${error == null ? '' : ` (${cell(error)})`}${read}`;
}
const freshnessText = ({ freshnessTargetMs, lagMs, isFresh }: Cells): string | undefined =>
  freshnessTargetMs == null
    ? undefined
    : `${cell(freshnessTargetMs)} ms, ${lagMs == null ? 'its lag is not known yet' : `lag ${cell(lagMs)} ms`}${isFresh === false ? ': late' : ''}`;
/** A line for each fact that there is. */
const factLines = (facts: readonly (readonly [string, unknown])[]): string[] =>
  facts.flatMap(([name, value]) => (cell(value) === '' ? [] : `${name.padEnd(10)}: ${cell(value)}`));

function describeMonitor(monitor: Cells): string {
  const facts = factLines([
    ['Monitor', monitor['name']],
    ['Target', monitor['target']],
    ['State', monitor['state']],
    ['Query', monitor['query']],
    ['Topic', monitor['topic']],
    ['Statement', monitor['statement']],
  ]);
  const { headers, rows } = table(monitor['checks'], [
    ['Check', 'constraint'],
    ['Segment', 'segment'],
    ['Metric', 'metric'],
    ['Value', 'value'],
    ['Threshold', 'threshold'],
    ['Rows', 'rowCount'],
    ['State', 'state'],
  ]);
  return rows.length === 0 ? facts.join('\n') : [...facts, renderTable(headers, rows, 160)].join('\n');
}

const describeTrainingSet = (set: Cells): string =>
  factLines([
    ['Name', `${cell(set['name'])} (training set)`],
    ['State', set['state']],
    ['Path', set['path']],
    ['Spine rows', set['spineRows']],
    ['Rows', set['rows']],
    ['Label', set['label']],
    ['Comment', set['comment']],
    ['Error', set['error']],
    ['Statement', set['statement']],
  ]).join('\n');

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
  feature_view_verification: (entity) => describeVerification(entity['verification'] as Cells),
  backfill_started: (entity) => cell(entity['message']),
  entity_deleted: (entity) => `The entity was deleted from feature view ${cell(entity['view'])}.`,
  monitor_description: (entity) => describeMonitor(entity['monitor'] as Cells),
  training_set_description: (entity) => describeTrainingSet(entity['trainingSet'] as Cells),
  warning_entity: (entity) => cell(entity['message']),
  sourceDescription: (entity) => describeSource(entity['sourceDescription'] as Cells),
  source_descriptions: (entity) => (entity['sourceDescriptions'] as Cells[]).map(describeSource).join('\n\n'),
  queryDescription: (entity) => describeQuery(entity['queryDescription'] as Cells),
  query_descriptions: (entity) => (entity['queryDescriptions'] as Cells[]).map(describeQuery).join('\n\n'),
  terminate_query: (entity) => `Query ${cell(entity['queryId'])} terminated.`,
  describe_function: (entity) => {
    const overloads = (entity['functions'] as Cells[]).map((overload) => {
      const args = (overload['arguments'] as Cells[]).map(
        (arg) => `${cell(arg['name'])} ${cell(arg['type'])}${arg['isVariadic'] === true ? '...' : ''}`,
      );
      return `  ${cell(entity['name'])}(${args.join(', ')}) -> ${cell(overload['returnType'])}`;
    });
    return `${cell(entity['name'])} (${cell(entity['type']).toLowerCase()})\n${cell(entity['description'])}\n${overloads.join('\n')}`;
  },
  view_description: (entity) => {
    const fields = (entity['fields'] as Cells[]).map((field) => [
      cell(field['name']),
      `${typeText(field['schema'] as Cells)}${field['type'] === undefined ? '' : ' (key)'}`,
    ]);
    const readBy = cell(entity['readBy']);
    return `Name      : ${cell(entity['name'])} (view of a ${cell(entity['type']).toLowerCase()})\nReads     : ${cell(entity['reads'])}${readBy === '' ? '' : `\nRead by   : ${readBy}`}\nStatement : ${cell(entity['statement'])}\n${renderTable(['Field', 'Type'], fields, 100)}`;
  },
  feature_service_description: (entity) => {
    const rows = (entity['features'] as Cells[]).map((feature) => [
      cell(feature['name']),
      typeText(feature['schema'] as Cells),
      cell(feature['from']),
    ]);
    const columns = (name: string): string =>
      (entity[name] as Cells[])
        .map((column) => `${cell(column['name'])} ${typeText(column['schema'] as Cells)}`)
        .join(', ');
    return `Name      : ${cell(entity['name'])} (feature service)\nEntities  : ${columns('entities')}\nRequest   : ${columns('request')}\nStatement : ${cell(entity['statement'])}\n${renderTable(['Feature', 'Type', 'From'], rows, 100)}`;
  },
  show_create: (entity) => (entity['statements'] as string[]).join('\n'),
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

/** The warnings of an answer. */
export const warningsOf = (entity: Entity): readonly string[] =>
  Array.isArray(entity['warnings'])
    ? (entity['warnings'] as Cells[]).map(({ message }) => `Warning: ${cell(message)}`)
    : [];

/** An answer as text; `isRows` tells a list from a message. */
export function renderEntity(
  entity: Entity,
  width: number,
  output: Output,
): { readonly text: string; readonly isRows: boolean } {
  const kind = cell(entity['@type']);
  const asText = texts[kind];
  if (asText !== undefined) return { text: asText(entity), isRows: false };
  const rows = tables[kind]?.(entity);
  return rows === undefined
    ? { text: JSON.stringify(entity, null, output === 'jsonl' ? undefined : 2), isRows: true }
    : { text: wholeTable(output, rows.headers, rows.rows, width), isRows: true };
}
