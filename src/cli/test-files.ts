import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../config/settings.ts';
import { renderSqlError, SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { SourceReader } from '../engine/source-reader.ts';
import { expectedValues, sourceProblem } from '../engine/assertions.ts';
import { executeStatement } from '../statements/index.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { startNode } from './start-node.ts';

/** A test of a file: its statements, and the refusal that it expects. */
interface FileTest {
  readonly name: string;
  readonly text: string;
  readonly refused: boolean;
  readonly message: string | undefined;
}

/** ksqlDB's directives: `--@test: name` begins a test, `--@expected.error` and `--@expected.message` say how it must end. */
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

/** Runs the tests of SQL files, each on an embedded node of its own; gives how many failed. */
export async function runTestFiles(files: readonly string[], say: (text: string) => void): Promise<number> {
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const tests = testsOf(readFileSync(file, 'utf8'));
    if (tests.length === 0) say(`${file}: no test; one begins with a line --@test: name`);
    for (const test of tests) {
      const result = await runTest(test);
      if (result.failure === undefined) passed++;
      else failed++;
      say(
        `${result.failure === undefined ? 'ok' : 'FAILED'}  ${file}: ${test.name}${result.note === undefined ? '' : ` (${result.note})`}`,
      );
      if (result.failure !== undefined) say(result.failure.replaceAll(/^/gm, '    '));
    }
  }
  say(`${passed} passed, ${failed} failed`);
  return failed;
}

async function runTest(test: FileTest): Promise<{ failure?: string; note?: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const settings = readSettings(
    {
      'state.dir': folder,
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
    const readers = new Map<string, SourceReader>();
    for (const raw of splitScript({ name: test.name, text: test.text })) {
      const failure = await testStep(parse(raw), raw.text, running.engine, session, readers);
      if (failure !== undefined) return { failure: `${raw.text.trim()}\n${failure}` };
    }
    return test.refused ? { failure: 'a refusal was expected, and nothing was refused' } : {};
  } catch (error) {
    if (!(error instanceof SqlError) || !test.refused) {
      const text =
        error instanceof SqlError ? renderSqlError(error as SqlError) : ((error as Error).stack ?? String(error));
      return { failure: text };
    }
    const { message } = error as SqlError;
    const same = test.message === undefined || message.toLowerCase().includes(test.message.toLowerCase());
    // Files that were written for ksqlDB have its words: that something is refused is what counts.
    return same ? {} : { note: `refused in other words: ${message}` };
  } finally {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const waitMs = 2000;

/** Runs one statement of a test file; gives what is wrong. */
export async function testStep(
  statement: Statement,
  text: string,
  engine: Engine,
  session: Session,
  readers: Map<string, SourceReader>,
): Promise<string | undefined> {
  if (statement.kind === 'assertSource') return sourceProblem(statement, engine.catalog);
  if (statement.kind === 'assertValues') {
    const name = statement.source.text;
    const spec = engine.catalog.sources.get(name)?.spec;
    if (spec === undefined) return `"${name}" does not exist`;
    const reader = readers.get(name) ?? (await SourceReader.open(engine, spec));
    readers.set(name, reader);
    const row = await reader.next(waitMs);
    return row === undefined ? 'no record came' : expectedValues(statement, spec, engine.catalog, row);
  }
  await executeStatement(statement, text, engine, session);
  await settled(engine);
  return undefined;
}

/** Waits until every query has processed what there is. */
async function settled(engine: Engine): Promise<void> {
  for (let quiet = 0, left = 2000; quiet < 3 && left > 0; left--) {
    const busy = [...engine.catalog.queries.keys()].some((id) => (engine.node.status(id)?.lag ?? 0) > 0);
    quiet = busy ? 0 : quiet + 1;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
