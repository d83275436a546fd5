import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readSettings } from '../config/settings.ts';
import { renderSqlError, SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { SourceReader } from '../engine/source-reader.ts';
import { expectedValues, sourceProblem } from '../engine/assertions.ts';
import { executeStatement } from '../statements/index.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import type { PropertyNode } from '../syntax/query.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { startNode } from './start-node.ts';

/** One test of a file: its statements, and the error that it expects, if any. */
interface FileTest {
  readonly name: string;
  readonly text: string;
  readonly refused: boolean;
  readonly message: string | undefined;
}

/**
 * Splits a file by ksqlDB's directives: `--@test: name` begins a test; `--@expected.error` and `--@expected.message` give the
 * expected error.
 */
function testsOf(text: string): FileTest[] {
  const directive = /^[ \t]*--@test:[ \t]*(.*)$/gm;
  const starts = [...text.matchAll(directive)];
  return starts.map((start, i) => {
    const body = text.slice(start.index, starts[i + 1]?.index ?? text.length);
    const value = (name: string): string | undefined =>
      new RegExp(`^[ \\t]*--@${name}:[ \\t]*(.*)$`, 'm').exec(body)?.[1]?.trim();
    const message = value('expected\\.message');
    return {
      name: start[1]!.trim(),
      text: body,
      refused: message !== undefined || value('expected\\.error') !== undefined,
      message,
    };
  });
}

/** Runs the tests of SQL files, each on an embedded node of its own; returns the number of failures. */
export async function runTestFiles(files: readonly string[], say: (text: string) => void): Promise<number> {
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const tests = testsOf(readFileSync(file, 'utf8'));
    if (tests.length === 0) say(`${file}: no test; one begins with a line --@test: name`);
    for (const test of tests) {
      const failure = await runTest(test, dirname(resolve(file)));
      if (failure === undefined) passed++;
      else failed++;
      say(`${failure === undefined ? 'ok' : 'FAILED'}  ${file}: ${test.name}`);
      if (failure !== undefined) say(failure.replaceAll(/^/gm, '    '));
    }
  }
  say(`${passed} passed, ${failed} failed`);
  return failed;
}

/** Runs a test of a file in a folder; returns the reason of a failure. */
async function runTest(test: FileTest, folder: string): Promise<string | undefined> {
  const state = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const settings = readSettings(
    {
      'state.dir': state,
      listeners: 'http://127.0.0.1:0',
      'cache.max.bytes.buffering': '0',
      'auto.offset.reset': 'earliest',
    },
    {},
    undefined,
  );
  const running = await startNode(settings);
  try {
    const session = new Session(running.engine.defaults);
    const refusal = await firstRefusal(test, folder, running.engine, session);
    if (!test.refused) return refusal && `${refusal.statement}\n${refusal.text}`;
    if (refusal === undefined) return 'a refusal was expected, and nothing was refused';
    const isExpected = refusal.message.toLowerCase().includes((test.message ?? '').toLowerCase());
    return isExpected ? undefined : `"${test.message}" was expected, but it was refused with:\n${refusal.text}`;
  } finally {
    await running.close();
    rmSync(state, { recursive: true, force: true });
  }
}

/** Why a statement was refused or an assertion failed: its message, and the text that a user gets. */
interface Refusal {
  readonly statement: string;
  readonly message: string;
  readonly text: string;
}

async function firstRefusal(
  { name, text }: Pick<FileTest, 'name' | 'text'>,
  folder: string,
  engine: Engine,
  session: Session,
  readers = new Map<string, SourceReader>(),
): Promise<Refusal | undefined> {
  for (const raw of splitScript({ name, text })) {
    const statement = raw.text.trim();
    const script = scriptOf(raw.text);
    try {
      if (script !== undefined) {
        const file = resolve(folder, script);
        const source = { name: script, text: readFileSync(file, 'utf8') };
        const refusal = await firstRefusal(source, dirname(file), engine, session, readers);
        if (refusal !== undefined) return refusal;
      } else {
        const parsed = parse(raw);
        if (parsed.kind === 'createSource') await createTopicOf(parsed, engine);
        const message = await testStep(parsed, raw.text, engine, session, readers);
        if (message !== undefined) return { statement, message, text: message };
      }
    } catch (error) {
      const { message, stack } = error as Error;
      if (error instanceof SqlError) return { statement, message, text: renderSqlError(error as SqlError) };
      return { statement, message, text: script === undefined ? (stack ?? message) : message };
    }
  }
  return undefined;
}

/** The file of RUN SCRIPT, a command of the client and no statement of the server. */
function scriptOf(text: string): string | undefined {
  const bare = text.replaceAll(/^[ \t]*--.*$/gm, '').trim();
  return /^RUN\s+SCRIPT\s+'((?:[^']|'')*)'\s*;?$/i.exec(bare)?.[1]?.replaceAll("''", "'");
}

const waitMs = 2000;

/** Runs one statement of a test; returns the reason of a failure. */
export async function testStep(
  statement: Statement,
  text: string,
  engine: Engine,
  session: Session,
  readers: Map<string, SourceReader>,
): Promise<string | undefined> {
  if (statement.kind === 'assertSource') {
    const problem = sourceProblem(statement, engine.catalog);
    return problem && `Expected source does not match actual for source ${statement.source.text}: ${problem}`;
  }
  if (statement.kind === 'assertValues') {
    const name = statement.source.text;
    const spec = engine.catalog.sources.get(name)?.spec;
    if (spec === undefined) return `"${name}" does not exist`;
    const reader = readers.get(name) ?? (await SourceReader.open(engine, spec));
    reader.become(spec);
    readers.set(name, reader);
    const row = await reader.next(waitMs);
    if (row === undefined) return `Expected record does not match actual: no record came on topic ${spec.topic}`;
    const problem = expectedValues(statement, spec, engine.catalog, row);
    return problem && `Expected record does not match actual: ${problem}`;
  }
  await executeStatement(statement, text, engine, session);
  await settled(engine);
  return undefined;
}

/** Test files of ksqlDB leave it to the runner to make topics, of one partition. */
/** Makes the topic that a statement names, of one partition, where it says no number of them. */
export async function createTopicOf(
  { properties }: { readonly properties: readonly PropertyNode[] },
  { node }: Engine,
): Promise<void> {
  const topic = properties.find(({ name }) => name === 'KAFKA_TOPIC')?.value;
  if (typeof topic !== 'string' || properties.some(({ name }) => name === 'PARTITIONS')) return;
  if ((await node.describeTopic(topic)) === undefined)
    await node.createTopic(topic, { partitions: 1, replicas: undefined, config: {} });
}

/** Waits until every query has processed all records of its inputs. */
async function settled(engine: Engine): Promise<void> {
  for (let quiet = 0, left = 2000; quiet < 3 && left > 0; left--) {
    const busy = [...engine.catalog.queries.keys()].some((id) => (engine.node.status(id)?.lag ?? 0) > 0);
    quiet = busy ? 0 : quiet + 1;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
