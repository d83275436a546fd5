import type { DiagnosticCode } from '../../src/diagnostics/catalog.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Session } from '../../src/engine/session.ts';
import type { RegisteredSchema, SchemaSource } from '../../src/formats/define.ts';
import { testSchemas } from '../support/schemas.ts';
import type { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { declareSource } from '../../src/analysis/create-source.ts';
import { Catalog, type QueryObject } from '../../src/catalog/catalog.ts';
import type { NewSchema } from '../../src/runtime/ports/schema-registry.ts';
import type { SourceSpec } from '../../src/specs/source.ts';
import type { TopicRecord, TopicSettings } from '../../src/runtime/ports/node.ts';
import { ownSchema } from '../../src/statements/schemas.ts';
import { executeStatement } from '../../src/statements/index.ts';
import { parse, parseScript, splitScript } from '../../src/syntax/parse.ts';
import { jsonText, type Json } from '../../src/types/json.ts';
import { keyColumns, schemaText, valueColumns } from '../../src/types/schema.ts';
import { struct, type SqlType } from '../../src/types/sql-type.ts';
import type { CaseRecord, TestCase } from './cases.ts';
import { matches } from './compare.ts';
import { isExpected } from './expectations.ts';
import { Driver } from './driver.ts';
import { HarnessNode } from './harness-node.ts';
import { payload, readBack, splitWindow, windowedKey } from './payloads.ts';

export type Verdict =
  { readonly outcome: 'passed' } | { readonly outcome: 'failed' | 'unsupported'; readonly why: string };

/** A failure of the case itself: what it expects did not come. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

const testFunctions = /^(TEST_UDF|BAD_UDF|TEST_UDAF|TEST_UDTF|WHENCONDITION|WHENRESULT|TOSTRUCT|.*UDTF.*|.*UDAF.*)$/i;

/** An engine whose queries are not started, on a node that only remembers topics and records. */
export function openHarness(serviceId: string): {
  readonly node: HarnessNode;
  readonly known: ReturnType<typeof testSchemas>;
  readonly engine: Engine;
} {
  const node = new HarnessNode();
  const known = testSchemas();
  const defaults = { 'auto.offset.reset': 'earliest' };
  const engine = new Engine({ node, models: undefined, ...known, serviceId, defaults, startQueries: false });
  return { node, known, engine };
}

/** Runs a case as ksqlDB's own runner does: statements in order, then each query's inputs one record at a time. */
export async function runCase(test: TestCase): Promise<Verdict> {
  const { node, known, engine } = openHarness('some.ksql.service.id');
  const session = new Session();
  try {
    for (const [name, value] of test.properties) session.set(name, value);
    await createTopics(test, 4, (name, settings) => node.createTopic(name, settings));
    await registerTopicSchemas(test, known.registry);
    const queries = await executeAll(test, engine, session);
    await loadSchemas(engine);
    if (test.expected !== undefined && !test.expected.type.endsWith('StreamsException'))
      throw new Mismatch('a refusal was expected, and nothing was refused');
    if (queries.size === 0) throw new Mismatch('no query was made');
    const written = await writtenSchemas(test, engine);
    const reported = await pipeAll(test, engine, node, [...queries.values()], written);
    // Where a record ends ksqlDB's query, ours goes on and logs it: see docs/compatibility.md.
    if (test.expected?.type.endsWith('StreamsException') === true && reported > 0) return { outcome: 'passed' };
    if (test.expected !== undefined) throw new Mismatch('a failure was expected while records are processed');
    verifyOutputs(test, engine, (topic) => node.log.records(topic));
    verifyPost(test, engine);
    return { outcome: 'passed' };
  } catch (error) {
    return judge(test, error);
  }
}

/** Whether a refusal is for what Millrace does not have yet, or for ksqlDB's own Java test functions. */
export function unsupported(code: string, message: string): boolean {
  if (code === 'NOT_SUPPORTED_YET') return true;
  if (code === 'FUNCTION_NOT_FOUND') return testFunctions.test(/"(.*)"/.exec(message)?.[1] ?? '');
  return false;
}

function judge(test: TestCase, error: unknown): Verdict {
  if (error instanceof SqlError) {
    if (unsupported(String(error.code), error.message))
      return { outcome: 'unsupported', why: `${error.code}: ${error.message}` };
    if (
      test.expected !== undefined &&
      isExpected(test.expected.message, test.expected.type, error.code as DiagnosticCode)
    )
      return { outcome: 'passed' };
    const wanted = test.expected === undefined ? '' : ` (expected: ${test.expected.message.slice(0, 80)})`;
    return { outcome: 'failed', why: `${error.code}: ${error.message}${wanted}` };
  }
  if (
    test.expected?.type.endsWith('StreamsException') === true &&
    !(error instanceof Mismatch) &&
    (error as Error).name === 'EvaluationError'
  )
    return { outcome: 'passed' };
  return {
    outcome: 'failed',
    why:
      error instanceof Mismatch
        ? error.message
        : `${(error as Error).name}: ${(error as Error).message}\n${(error as Error).stack?.split('\n').slice(1, 4).join('\n') ?? ''}`,
  };
}

/** Topics that the case names, and those of CREATE statements with a column list: 4 partitions unless they say otherwise. */
export async function createTopics(
  test: TestCase,
  defaultPartitions: number,
  createTopic: (name: string, settings: TopicSettings) => Promise<void>,
): Promise<void> {
  const wanted = new Map<string, TopicSettings>();
  const create = (name: string, partitions: number, replicas = 1): void => {
    if (!wanted.has(name)) wanted.set(name, { partitions, replicas, config: { 'retention.ms': '-1' } });
  };
  for (const { name, partitions, replicas } of test.topics)
    create(name, partitions ?? partitionsIn(test, name) ?? 1, replicas);
  for (const statement of test.statements) {
    if (
      !/^\s*CREATE\s+(OR\s+REPLACE\s+)?(SOURCE\s+)?(STREAM|TABLE)/i.test(statement) ||
      /\)\s+AS\s+SELECT|\s+AS\s+SELECT/i.test(statement)
    )
      continue;
    const topic = /KAFKA_TOPIC\s*=\s*'([^']*)'/i.exec(statement)?.[1];
    const partitions = /PARTITIONS\s*=\s*'?(\d+)/i.exec(statement)?.[1];
    if (topic !== undefined)
      create(
        topic,
        Number(partitions ?? defaultPartitions),
        Number(/REPLICAS\s*=\s*'?(\d+)/i.exec(statement)?.[1] ?? 1),
      );
  }
  for (const { topic } of test.inputs) create(topic, defaultPartitions);
  for (const [name, settings] of wanted) await createTopic(name, settings);
}

/**
 * The schemas of a case's topics, as ksqlDB's runner registers them: first those of topics that statements declare with columns,
 * then those that the case gives, with their ids.
 */
export async function registerTopicSchemas(test: TestCase, registry: EmbeddedRegistry): Promise<void> {
  // As in ksqlDB's runner, nothing is said of what came before.
  registry.setLevel('NONE');
  const given = test.topics.flatMap(({ name, schemas }) => schemas.map((schema) => ({ name, ...schema })));
  for (const { subject, schema } of declaredSchemas(test))
    if (!given.some(({ name, role }) => `${name}-${role}` === subject)) await registry.register(subject, schema);
  for (const { name, role, format, text, id, references } of given) {
    const type = format === 'JSON_SR' ? 'JSON' : format;
    if (type !== 'AVRO' && type !== 'JSON' && type !== 'PROTOBUF') continue;
    for (const reference of references)
      await registry.register(reference.name, { type, text: reference.text }, 1_000_000 + (id ?? 0));
    const named = references.map((reference) => ({ name: reference.name, subject: reference.name, version: 1 }));
    await registry.register(`${name}-${role}`, { type, text, ...(named.length > 0 ? { references: named } : {}) }, id);
  }
}

/** What the topics of CREATE statements with columns hold: ksqlDB's own schemas, by the statements alone. */
function declaredSchemas(test: TestCase): { subject: string; schema: NewSchema }[] {
  const scratch = new Catalog();
  return test.statements.flatMap((text) => {
    try {
      return parseScript({ name: '', text }).flatMap((statement) => {
        if (statement.kind !== 'createSource' || statement.query !== undefined || statement.elements.length === 0)
          return [];
        const defaults = { keyFormat: 'KAFKA', valueFormat: undefined, wrapSingles: undefined };
        const { spec } = declareSource(statement, scratch, defaults);
        return (['key', 'value'] as const).flatMap((role) => ownSchema(spec, role) ?? []);
      });
    } catch {
      return [];
    }
  });
}

/** Every schema at once: nothing here waits between two records. */
export async function loadSchemas({ registry, schemas }: Engine): Promise<void> {
  for (const subject of (registry as EmbeddedRegistry).subjects())
    for (const { id } of (registry as EmbeddedRegistry).versions(subject)!) await schemas.load(id);
}

/** The newest schemas of the topics with inputs, by subject: what the runner's own serializers write with. */
export async function writtenSchemas(test: TestCase, { registry }: Engine): Promise<Map<string, RegisteredSchema>> {
  const found = new Map<string, RegisteredSchema>();
  for (const topic of new Set(test.inputs.map((input) => input.topic)))
    for (const subject of [`${topic}-key`, `${topic}-value`]) {
      const schema = await registry.latest(subject);
      if (schema !== undefined) found.set(subject, schema);
    }
  return found;
}

/** How many partitions a statement wants of the topic that it names. */
function partitionsIn(test: TestCase, topic: string): number | undefined {
  const statement = test.statements.find((text) => /KAFKA_TOPIC\s*=\s*'([^']*)'/i.exec(text)?.[1] === topic);
  const partitions = /PARTITIONS\s*=\s*'?(\d+)/i.exec(statement ?? '')?.[1];
  return partitions === undefined ? undefined : Number(partitions);
}

async function executeAll(test: TestCase, engine: Engine, session: Session): Promise<Map<string, QueryObject>> {
  const script = { name: test.file, text: test.statements.join('\n') };
  const queries = new Map<string, QueryObject>();
  for (const raw of splitScript(script)) {
    const text = session.substitute(raw.text);
    await executeStatement(parse(splitScript({ name: test.file, text })[0]!), text, engine, session);
    for (const query of engine.catalog.queries.values()) queries.set(query.id, query);
    for (const id of queries.keys()) if (!engine.catalog.queries.has(id)) queries.delete(id);
  }
  return queries;
}

async function pipeAll(
  test: TestCase,
  engine: Engine,
  node: HarnessNode,
  queries: readonly QueryObject[],
  written: ReadonlyMap<string, RegisteredSchema>,
): Promise<number> {
  let reported = 0;
  const inputs = test.inputs.map((input) => {
    node.add(input.topic, toRecord(input, sourceOn(engine, input.topic), written));
    return { topic: input.topic, record: node.log.records(input.topic).at(-1)! };
  });
  const inputTopics = new Set(test.inputs.map(({ topic }) => topic));
  for (const query of queries) {
    const driver = await Driver.open(query, node, engine.schemas);
    for (const { topic, record } of inputs) if (driver.topics.includes(topic)) await driver.pipe(topic, record);
    for (const topic of driver.topics)
      if (!inputTopics.has(topic)) for (const record of node.log.records(topic)) await driver.pipe(topic, record);
    reported += driver.reported;
  }
  return reported;
}

export function sourceOn(engine: Engine, topic: string): SourceSpec | undefined {
  return [...engine.catalog.sources.values()].map(({ spec }) => spec).find((spec) => spec.topic === topic);
}

export function toRecord(
  input: CaseRecord,
  spec: SourceSpec | undefined,
  written: ReadonlyMap<string, RegisteredSchema> = new Map(),
): {
  key: Buffer | null;
  value: Buffer | null;
  timestamp: number;
  partition: undefined;
  headers: { key: string; value: Buffer | null }[];
} {
  const json = { format: 'JSON', wrap: true, delimiter: ',' };
  const keyFormat = { ...(spec?.keyFormat ?? { ...json, format: 'KAFKA' }), schema: written.get(`${input.topic}-key`) };
  const valueFormat = { ...(spec?.valueFormat ?? json), schema: written.get(`${input.topic}-value`) };
  const key = payload(input.key, keyFormat, keyColumns(spec?.schema ?? []));
  const value = payload(input.value, valueFormat, valueColumns(spec?.schema ?? []));
  const headers = input.headers.map((header) => ({
    key: header.key,
    value: header.value === null ? null : Buffer.from(header.value, 'base64'),
  }));
  return { key: windowedKey(key, input.window), value, timestamp: input.timestamp ?? 0, partition: undefined, headers };
}

export function verifyOutputs(
  test: TestCase,
  engine: Engine,
  recordsOf: (topic: string) => readonly TopicRecord[],
): void {
  for (const topic of new Set(test.outputs.map((output) => output.topic))) {
    const expected = test.outputs.filter((output) => output.topic === topic);
    const records = recordsOf(topic);
    const spec = sourceOn(engine, topic);
    const show = (): string =>
      records
        .slice(0, 8)
        .map(
          (record) => `${record.key?.toString() ?? 'null'}=${record.value?.toString() ?? 'null'}@${record.timestamp}`,
        )
        .join(' | ');
    if (records.length !== expected.length)
      throw new Mismatch(`${topic}: ${expected.length} records expected, ${records.length} came: ${show()}`);
    expected.forEach((output, i) => verifyRecord(output, records[i]!, spec, `${topic}[${i}]`, test, engine.schemas));
  }
}

function verifyRecord(
  expected: CaseRecord,
  actual: TopicRecord,
  spec: SourceSpec | undefined,
  where: string,
  test: TestCase,
  schemas: SchemaSource,
): void {
  const fail = (what: string, wanted: Json, came: Json): never => {
    throw new Mismatch(`${where}: ${what} ${jsonText(wanted)} expected, ${jsonText(came)} came`);
  };
  const json = { format: 'JSON', wrap: true, delimiter: ',' };
  const { key, window } = splitWindow(actual.key, spec?.window);
  const wanted = expected.window;
  if (wanted?.start !== window?.start || wanted?.end !== window?.end || wanted?.type !== window?.type)
    fail('window', `${wanted?.start}-${wanted?.end}`, `${window?.start}-${window?.end}`);
  const keys = keyColumns(spec?.schema ?? []);
  const values = valueColumns(spec?.schema ?? []);
  const typeOf = (columns: typeof keys, wrap: boolean): SqlType | undefined =>
    columns.length === 1 && !wrap ? columns[0]!.type : struct(columns);
  const keyJson = readBack(key, spec?.keyFormat ?? { ...json, format: 'KAFKA' }, keys, schemas);
  if (!matches(expected.key, keyJson, typeOf(keys, spec?.keyFormat.wrap ?? false))) fail('key', expected.key, keyJson);
  const valueJson = readBack(actual.value, spec?.valueFormat ?? json, values, schemas);
  if (!matches(expected.value, valueJson, typeOf(values, spec?.valueFormat.wrap ?? true)))
    fail('value', expected.value, valueJson);
  const ignoresTime = test.inputs.length === 0 && expected.timestamp === 0;
  if (expected.timestamp !== undefined && !ignoresTime && expected.timestamp !== actual.timestamp)
    throw new Mismatch(`${where}: timestamp ${expected.timestamp} expected, ${actual.timestamp} came`);
  const headers = actual.headers.map((header) => `${header.key}=${header.value?.toString('base64') ?? 'null'}`).join();
  if (headers !== expected.headers.map((header) => `${header.key}=${header.value ?? 'null'}`).join())
    throw new Mismatch(`${where}: headers differ: ${headers}`);
}

function verifyPost(test: TestCase, engine: Engine): void {
  if (!(test.post instanceof Map)) return;
  const sources = test.post.get('sources');
  for (const each of Array.isArray(sources) ? sources : []) {
    if (!(each instanceof Map)) continue;
    const name = String(each.get('name'));
    const found = engine.catalog.sources.get(name);
    if (found === undefined) throw new Mismatch(`post: ${name} does not exist`);
    if (String(each.get('type')).toUpperCase() !== found.spec.kind)
      throw new Mismatch(`post: ${name} is a ${found.spec.kind}`);
    const schema = each.get('schema');
    const ours = schemaText(found.spec.schema);
    if (typeof schema === 'string' && normal(schema) !== normal(ours))
      throw new Mismatch(`post: the schema of ${name} is ${ours}, not ${schema}`);
  }
}

const normal = (schema: string): string =>
  schema
    .replace(/PRIMARY KEY/g, 'KEY')
    .replace(/VARCHAR/g, 'STRING')
    .replace(/\bINT\b/g, 'INTEGER')
    .replace(/[`\s]/g, '')
    .toUpperCase();
