import protobufjs from 'protobufjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedNode } from '../../src/adapters/embedded/embedded-node.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import type { DiagnosticCode } from '../../src/diagnostics/catalog.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Metrics } from '../../src/server/metrics.ts';
import { openAccess } from '../../src/server/access/open-access.ts';
import { bindListener, startServer, type RunningServer } from '../../src/server/server.ts';
import { JsonNumber, jsonText, parseJson, type Json } from '../../src/types/json.ts';
import type { TestCase } from './cases.ts';
import { isExpected } from './expectations.ts';
import { testSchemas } from '../support/schemas.ts';
import {
  createTopics,
  loadSchemas,
  Mismatch,
  registerTopicSchemas,
  sourceOn,
  toRecord,
  unsupported,
  verifyOutputs,
  writtenSchemas,
  type Verdict,
} from './run-case.ts';

const limitMs = 4000;

interface Answer {
  readonly status: number;
  readonly json: Json;
}

/** A server of its own for each case, on the embedded log in memory, with every change sent. */
class RestCase {
  readonly #test: TestCase;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-rest-'));
  #engine!: Engine;
  #server!: RunningServer;

  constructor(test: TestCase) {
    this.#test = test;
  }

  async open(): Promise<void> {
    const models = new ModelService();
    const known = testSchemas();
    const node = await EmbeddedNode.open({
      folder: this.#folder,
      openBackend: () => Promise.resolve(new MemoryBackend()),
      models,
      schemas: known.schemas,
      serviceId: 'rest_',
      sync: false,
    });
    const defaults = {
      'auto.offset.reset': 'earliest',
      'cache.max.bytes.buffering': '0',
      'ksql.query.push.v2.enabled': 'true',
    };
    this.#engine = new Engine({ node, models, ...known, serviceId: 'rest_', defaults });
    await this.#engine.start();
    const context = {
      engine: this.#engine,
      newBackend: () => new MemoryBackend(),
      metrics: new Metrics(),
      registry: known.registry,
      commandTimeoutMs: 0,
      readOnly: false,
      version: '0',
      advertised: undefined,
      allowedOrigins: [],
      access: openAccess({}),
    };
    this.#server = startServer(context, await bindListener({ host: '127.0.0.1', port: 0, tls: undefined }));
  }
  async close(): Promise<void> {
    await this.#server.close();
    await this.#engine.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async run(): Promise<void> {
    const test = this.#test;
    const first = test.statements.findIndex((statement) => statement.startsWith('SELECT '));
    const admin = first < 0 ? test.statements : test.statements.slice(0, first);
    const queries = first < 0 ? [] : test.statements.slice(first);
    await createTopics(test, 4, (name, settings) => this.#engine.node.createTopic(name, settings));
    await registerTopicSchemas(test, this.#engine.registry as EmbeddedRegistry);
    const answers: Json[] = [];
    let failure: Answer | undefined;
    if (admin.length > 0) {
      const answer = await this.#post('/ksql', admin.join('\n'));
      if (answer.status === 200) answers.push(...(answer.json as Json[]));
      else failure = answer;
    }
    if (failure === undefined && !test.waitForPush) await this.#produce();
    for (const sql of failure === undefined ? queries : []) {
      const answer = await this.#post('/query', sql, test.waitForPush ? () => this.#produce() : undefined);
      if (answer.status === 200) answers.push(answer.json);
      else failure = answer;
    }
    // The same queries once more with rows as Protobuf.
    for (const sql of failure === undefined && test.withProto ? queries : []) {
      const answer = await this.#post('/query', sql, undefined, 'application/vnd.ksql.v1+protobuf');
      if (answer.status === 200) answers.push(answer.json);
      else failure = answer;
    }
    this.#verify(answers, failure);
    if (test.outputs.length > 0) await this.#verifyTopics();
  }

  async #produce(): Promise<void> {
    const written = await writtenSchemas(this.#test, this.#engine);
    for (const input of this.#test.inputs)
      await this.#engine.node.produce(input.topic, [toRecord(input, sourceOn(this.#engine, input.topic), written)]);
    for (let quiet = 0, left = 400; quiet < 3 && left > 0; left--) {
      const busy = [...this.#engine.catalog.queries.keys()].some((id) => (this.#engine.node.status(id)?.lag ?? 0) > 0);
      quiet = busy ? 0 : quiet + 1;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  async #verifyTopics(): Promise<void> {
    const topics = new Map<string, { records: Awaited<ReturnType<typeof readTopic>> }>();
    for (const topic of new Set(this.#test.outputs.map((output) => output.topic)))
      topics.set(topic, { records: await readTopic(this.#engine, topic) });
    await loadSchemas(this.#engine);
    verifyOutputs(this.#test, this.#engine, (topic) => topics.get(topic)?.records ?? []);
  }

  /** Posts SQL; `onHeader` runs when the first bytes of the answer are there. */
  async #post(path: string, ksql: string, onHeader?: () => Promise<void>, accept?: string): Promise<Answer> {
    const streamsProperties = Object.fromEntries(this.#test.properties);
    const response = await fetch(`${this.#server.url}${path}`, {
      method: 'POST',
      ...(accept === undefined ? {} : { headers: { accept } }),
      body: JSON.stringify({ ksql, streamsProperties }),
      signal: AbortSignal.timeout(limitMs),
    });
    let text = '';
    let waiting = onHeader;
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        await waiting?.();
        waiting = undefined;
      }
    } catch (error) {
      throw new Mismatch(
        `the answer did not end within ${limitMs} ms: ${text.slice(0, 300)} (${(error as Error).name})`,
      );
    }
    return { status: response.status, json: parseJson(text) };
  }

  #verify(answers: readonly Json[], failure: Answer | undefined): void {
    const { expectedError, responses } = this.#test;
    if (expectedError instanceof Map) {
      if (failure === undefined) throw new Mismatch('a refusal was expected, and nothing was refused');
      verifyError(expectedError, failure);
      return;
    }
    if (failure !== undefined) throw new Refused(failure);
    const expected = Array.isArray(responses) ? responses : [];
    if (answers.length < expected.length)
      throw new Mismatch(`${expected.length} answers expected, ${answers.length} came`);
    expected.forEach((each, i) =>
      verifyAnswer(each as ReadonlyMap<string, Json>, answers[i]!, `answer ${i}`, this.#test),
    );
  }
}

/** A refusal that the case does not expect. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  constructor({ status, json }: Answer) {
    const code = field(json, 'code');
    super(`${code}: ${status} ${field(json, 'message')}`);
    this.code = code;
  }
}

const field = (json: Json, name: string): string => {
  const value = json instanceof Map ? json.get(name) : undefined;
  return typeof value === 'string' ? value : '';
};

function verifyError(expected: ReadonlyMap<string, Json>, { status, json }: Answer): void {
  const wanted = expected.get('status');
  const code = field(json, 'code');
  const message = field(expected as Json, 'message');
  if (code === 'NOT_SUPPORTED_YET' || code === 'FORMAT_NOT_FOUND') throw new Refused({ status, json });
  if (wanted instanceof JsonNumber && Number(wanted.text) !== status)
    throw new Mismatch(`status ${wanted.text} expected, ${status} came: ${field(json, 'message')}`);
  const type = field(expected as Json, 'type');
  const entity = type.endsWith('KsqlStatementErrorMessage') ? 'statement_error' : 'generic_error';
  if (type !== '' && field(json, '@type') !== entity)
    throw new Mismatch(`@type ${entity} expected, ${field(json, '@type')} came`);
  if (message !== '' && !isExpected(message, type, code as DiagnosticCode))
    throw new Mismatch(`${code}: ${field(json, 'message')} (expected: ${message.slice(0, 100)})`);
}

function verifyAnswer(expected: ReadonlyMap<string, Json>, actual: Json, where: string, test: TestCase): void {
  const [kind, wanted] = [...expected][0]!;
  if (kind === 'admin') {
    if (!isSubset(wanted, actual))
      throw new Mismatch(`${where}: ${jsonText(wanted)} expected, ${jsonText(actual)} came`);
    return;
  }
  const [rows, came] = [wanted as Json[], kind === 'queryProto' ? protoRows(actual as Json[]) : (actual as Json[])];
  const show = (list: readonly Json[]): string => list.map(jsonText).join(' ').slice(0, 400);
  if (rows.length !== came.length)
    throw new Mismatch(`${where}: ${rows.length} rows expected, ${came.length} came: ${show(came)} for ${show(rows)}`);
  const statement = test.statements.at(-1)!;
  const columnsOf = (json: Json): Json | undefined => {
    const row = json instanceof Map ? json.get('row') : undefined;
    if (typeof row === 'string') return sortedBlocks(row);
    return row instanceof Map ? row.get('columns') : undefined;
  };
  const left = came.map(columnsOf).filter((columns) => columns !== undefined);
  rows.forEach((row, i) => {
    const columns = columnsOf(row);
    if (columns === undefined || test.verifyOrder) {
      if (!isSubset(row, came[i]!, statement))
        throw new Mismatch(`${where}[${i}]: ${jsonText(row)} expected, ${jsonText(came[i]!)} came`);
      return;
    }
    const at = left.findIndex((each) => isSubset(columns, each));
    if (at < 0) throw new Mismatch(`${where}[${i}]: ${jsonText(columns)} is not among ${show(left)}`);
    left.splice(at, 1);
  });
}

/** Rows of Protobuf in its text form, as the cases have them. */
function protoRows(answer: readonly Json[]): Json[] {
  const at = (json: Json | undefined, ...names: string[]): Json | undefined =>
    names.reduce<Json | undefined>((each, name) => (each instanceof Map ? each.get(name) : undefined), json);
  const schema = at(answer[0], 'header', 'protoSchema') as string;
  const type = protobufjs.parse(schema, { keepCase: true }).root.lookupType('ConnectDefault1');
  return answer.map((element) => {
    const bytes = at(element, 'row', 'protobufBytes');
    if (typeof bytes !== 'string') return element;
    const message = type.decode(Buffer.from(bytes, 'base64'));
    return new Map([['row', sortedBlocks(protoText(message, type, ''))]]);
  });
}

function protoText(message: protobufjs.Message | object, type: protobufjs.Type, indent: string): string {
  const given = message as Readonly<Record<string, unknown>>;
  return type.fieldsArray
    .flatMap((field) => {
      if (!Object.hasOwn(given, field.name)) return [];
      const values = field.repeated ? (given[field.name] as unknown[]) : [given[field.name]];
      return values.map((value) =>
        field.resolvedType instanceof protobufjs.Type
          ? `${indent}${field.name} {\n${protoText(value as object, field.resolvedType, `${indent}  `)}${indent}}\n`
          : `${indent}${field.name}: ${plainText(value)}\n`,
      );
    })
    .join('');
}

const plainText = (value: unknown): string => {
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('latin1'));
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

/** The entries of a map have no order: the fields of a row are put in one. */
const sortedBlocks = (text: string): string => (text.match(/^\S[^]*?\n(?=\S|$)/gm) ?? []).sort().join('');

/** Whether everything that is expected is there; `name|starts_with` compares the beginning of a text. */
function isSubset(expected: Json, actual: Json, statement = ''): boolean {
  if (expected instanceof Map) {
    return (
      actual instanceof Map &&
      [...expected].every(([name, value]) => {
        const [plain, operator] = name.split('|') as [string, string | undefined];
        const found = actual.get(plain);
        if (found === undefined) return false;
        if (operator === 'starts_with') return typeof found === 'string' && found.startsWith(value as string);
        return isSubset(value, found, statement);
      })
    );
  }
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((each, i) => isSubset(each, actual[i]!, statement))
    );
  if (expected instanceof JsonNumber) return actual instanceof JsonNumber && expected.text === actual.text;
  if (typeof expected === 'string') return actual === expected.replaceAll('{STATEMENT}', statement);
  return expected === actual;
}

async function readTopic(
  engine: Engine,
  topic: string,
): Promise<Awaited<ReturnType<Awaited<ReturnType<Engine['node']['openReader']>>['poll']>>> {
  const reader = await engine.node.openReader(topic, 'beginning');
  const records = await reader.poll(10_000, 0);
  reader.close();
  return records;
}

/** Runs a case of ksqlDB's REST tests against a real server. */
export async function runRestCase(test: TestCase): Promise<Verdict> {
  const running = new RestCase(test);
  await running.open();
  try {
    await running.run();
    return { outcome: 'passed' };
  } catch (error) {
    const { name, message } = error as Error;
    if (error instanceof Refused && unsupported(error.code, message)) return { outcome: 'unsupported', why: message };
    return {
      outcome: 'failed',
      why: error instanceof Mismatch || error instanceof Refused ? message : `${name}: ${message}`,
    };
  } finally {
    await running.close();
  }
}
