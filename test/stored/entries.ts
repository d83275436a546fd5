import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
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
    tables[sink] = current.map(({ key, after, window }) => JSON.stringify([key, window, after])).sort();
  }
  return { rows, tables };
}
