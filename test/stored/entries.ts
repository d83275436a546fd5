import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { Session } from '../../src/engine/session.ts';
import { localFile } from '../../src/files/local-folder.ts';
import { openParquet } from '../../src/files/parquet-reader.ts';
import { parseScript } from '../../src/syntax/parse.ts';
import type { Select } from '../../src/syntax/statements/select.ts';
import { featuresText } from '../golden/features.ts';
import type { TestEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

/** Where the entries stand, also for who runs the built code. */
export const storedFolder = join(import.meta.dirname.replace(/([/\\])dist[/\\]test/, '$1test'));

/** What an entry says beside its folder: the statements that come after it was opened, and what each sink must then have. */
export interface Expected {
  readonly after: readonly string[];
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** The rows that each query's state has, where it holds a table or entities. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  /** What is asked at the end, and its answers: see `answersOf`. Entries up to 11 have none. */
  readonly answers?: Readonly<Record<string, readonly string[]>>;
}

/** Runs statements one by one, all queries having read what each brought before the next. */
export async function runEach(engine: TestEngine, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await engine.run(statement);
    await engine.settle();
  }
}

/** Every record of every query's sink, and what its state holds. */
export async function resultsOf(engine: Engine): Promise<Pick<Expected, 'rows' | 'tables'>> {
  const rows: Record<string, string[]> = {};
  const tables: Record<string, string[]> = {};
  for (const { id, sink } of engine.catalog.queries.values()) {
    rows[sink] = await consume(engine, sink);
    const current = await engine.node.pull(id, undefined);
    if (current === undefined) continue;
    tables[sink] = [];
    for await (const changes of current)
      tables[sink].push(...changes.map(({ key, after, window }) => JSON.stringify([key, window, after])));
    tables[sink].sort();
  }
  return { rows, tables };
}

/**
 * The answers to questions at the end: rows of a pull query (`SELECT …`), features (`FEATURES service/name @time id=a`), the state of
 * a query (`STATE id`), the rows of a training set that is made of a query (`TRAINING SELECT …`).
 */
export async function answersOf(
  engine: TestEngine,
  questions: readonly string[],
): Promise<NonNullable<Expected['answers']>> {
  const answers: Record<string, readonly string[]> = {};
  for (const question of questions) answers[question] = await answerOf(engine, question);
  return answers;
}

async function answerOf(engine: TestEngine, question: string): Promise<readonly string[]> {
  const [kind, rest] = [/^\w+/.exec(question)![0], question.replace(/^\w+ /, '')];
  if (kind === 'FEATURES') {
    const [features, ...line] = rest.split(' ');
    return [await featuresText(engine.engine, features!, line.join(' '))];
  }
  if (kind === 'STATE') return [String(engine.engine.node.status(rest)?.state)];
  return kind === 'TRAINING' ? trainingRows(engine, rest) : pulledRows(engine, question);
}

async function pulledRows({ engine }: TestEngine, text: string): Promise<readonly string[]> {
  const [select] = parseScript({ name: 'question', text }) as Select[];
  const stream = await openQuery(select!, engine, new Session(engine.defaults), () => new MemoryBackend());
  const rows: string[] = [];
  for await (const batch of stream.rows()) rows.push(...batch.map(({ values }) => JSON.stringify(values)));
  return rows.sort();
}

async function trainingRows({ engine, folder, run }: TestEngine, select: string): Promise<readonly string[]> {
  const path = join(folder, 'training');
  await run(`CREATE OR REPLACE TRAINING SET asked WITH (PATH='${path}', MODE='OVERWRITE') AS ${select}`);
  await engine.trainingJobs.get('ASKED')!.done;
  const rows: string[] = [];
  for (const name of readdirSync(path).filter((each) => each.endsWith('.parquet'))) {
    const file = await openParquet(localFile(join(path, name)));
    for await (const batch of file.rows(file.columns.map((column) => column.name)))
      rows.push(...batch.map((row) => JSON.stringify(row)));
  }
  return rows.sort();
}
