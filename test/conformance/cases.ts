import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonNumber, jsonText, parseJson, type Json } from '../../src/types/json.ts';

export interface CaseRecord {
  readonly topic: string;
  readonly key: Json;
  readonly value: Json;
  readonly timestamp: number | undefined;
  readonly window: { readonly start: number; readonly end: number; readonly type: string } | undefined;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}
/** A schema that a case gives for a topic, with the id that it must have, if any, and the schemas that it names. */
export interface TopicSchema {
  readonly role: 'key' | 'value';
  readonly format: string;
  readonly text: string;
  readonly id: number | undefined;
  readonly references: readonly { readonly name: string; readonly text: string }[];
}

export interface TestCase {
  readonly file: string;
  readonly name: string;
  readonly statements: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: number | undefined;
    readonly replicas: number;
    readonly schemas: readonly TopicSchema[];
  }[];
  readonly inputs: readonly CaseRecord[];
  readonly outputs: readonly CaseRecord[];
  readonly expected: { readonly type: string; readonly message: string } | undefined;
  readonly post: Json;
  readonly responses: Json;
  readonly expectedError: Json;
  /** REST: inputs are written once the push query is there. */
  /** The queries are asked once more, for rows as Protobuf. */
  readonly withProto: boolean;
  readonly waitForPush: boolean;
  /** REST: rows are compared in order. */
  readonly verifyOrder: boolean;
}

type Fields = ReadonlyMap<string, Json>;
const fields = (json: Json | undefined): Fields => (json instanceof Map ? json : new Map<string, Json>());
const list = (json: Json | undefined): Json[] => (Array.isArray(json) ? json : []);
const text = (json: Json | undefined): string =>
  typeof json === 'string'
    ? json
    : json instanceof JsonNumber
      ? json.text
      : json === undefined || json === null
        ? ''
        : String(json);

/** Every case of a folder, expanded once for each of its formats; numbers keep their text. */
export function loadCases(folder: string): TestCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => loadFile(join(folder, name), name.replace(/\.json$/, '')));
}

function loadFile(path: string, file: string): TestCase[] {
  const tests = list(fields(parseJson(readFileSync(path, 'utf8'))).get('tests')).map(fields);
  return tests
    .filter((test) => test.get('enabled') !== false)
    .flatMap((test) => {
      const formats = list(test.get('format')).map(text);
      return formats.length === 0
        ? [expand(test, file, undefined)]
        : formats.map((format) => expand(test, file, format));
    });
}

function expand(test: Fields, file: string, format: string | undefined): TestCase {
  const expected = test.get('expectedException');
  return {
    file,
    name: `${text(test.get('name'))}${format === undefined ? '' : ` - ${format}`}`,
    statements: list(test.get('statements')).map((statement) =>
      format === undefined ? text(statement) : text(statement).replaceAll('{FORMAT}', format),
    ),
    properties: new Map([...fields(test.get('properties'))].map(([key, value]) => [key, text(value)])),
    topics: list(test.get('topics'))
      .map(fields)
      .map((topic) => ({
        name: text(topic.get('name')),
        partitions: topic.has('partitions') ? Number(text(topic.get('partitions'))) : undefined,
        replicas: Number(text(topic.get('replicas')) || 1),
        schemas: (['key', 'value'] as const).flatMap((role) => {
          const schema = topic.get(`${role}Schema`);
          const format = text(topic.get(`${role}Format`)) || 'AVRO';
          const id = text(topic.get(`${role}SchemaId`));
          const references = list(topic.get(`${role}SchemaReferences`)).map((each) => {
            const reference = fields(each);
            return { name: text(reference.get('name')), text: schemaText(reference.get('schema') ?? null) };
          });
          if (schema === undefined) return [];
          return [
            {
              role,
              format: format.toUpperCase(),
              text: schemaText(schema),
              id: id === '' ? undefined : Number(id),
              references,
            },
          ];
        }),
      })),
    inputs: list(test.get('inputs')).map(recordOf),
    outputs: list(test.get('outputs')).map(recordOf),
    expected:
      expected === undefined
        ? undefined
        : { type: text(fields(expected).get('type')), message: text(fields(expected).get('message')) },
    post: test.get('post') ?? null,
    responses: test.get('responses') ?? null,
    expectedError: test.get('expectedError') ?? null,
    withProto: test.get('testPullWithProtoFormat') === true,
    waitForPush: fields(test.get('inputConditions')).get('waitForActivePushQuery') === true,
    verifyOrder: fields(test.get('outputConditions')).get('verifyOrder') === true,
  };
}

/** Protobuf's schemas stand as text, the others as JSON. */
const schemaText = (json: Json): string =>
  typeof json === 'string' && json.includes('syntax') ? json : jsonText(json);

function recordOf(json: Json): CaseRecord {
  const record = fields(json);
  const window = record.get('window');
  const timestamp = record.get('timestamp');
  return {
    topic: text(record.get('topic')),
    key: record.get('key') ?? null,
    value: record.get('value') ?? null,
    timestamp: timestamp === undefined ? undefined : Number(text(timestamp)),
    window:
      window instanceof Map
        ? {
            start: Number(text(window.get('start'))),
            end: Number(text(window.get('end'))),
            type: text(window.get('type')).toLowerCase(),
          }
        : undefined,
    headers: list(record.get('headers'))
      .map(fields)
      .map((header) => ({
        key: text(header.get('KEY')),
        value: header.get('VALUE') === null ? null : text(header.get('VALUE')),
      })),
  };
}
