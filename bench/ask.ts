import { MemoryBackend } from '../src/adapters/memory/memory-backend.ts';
import type { Engine } from '../src/engine/engine.ts';
import { openQuery } from '../src/engine/query-stream.ts';
import { Session } from '../src/engine/session.ts';
import { parse, splitScript } from '../src/syntax/parse.ts';
import type { Row } from '../src/types/sql-type.ts';
import { InternalError } from '../src/util/internal-error.ts';

export interface Asked {
  readonly rows: readonly Row[];
  readonly ms: number;
}

/** The rows of a pull query, and the time from its text to the last of them. */
export async function ask(engine: Engine, text: string): Promise<Asked> {
  const begun = performance.now();
  const statement = parse(splitScript({ name: 'bench', text })[0]!);
  if (statement.kind !== 'select') throw new InternalError('the question is no SELECT');
  const stream = await openQuery(statement, engine, new Session(engine.defaults), () => new MemoryBackend());
  const rows: Row[] = [];
  for await (const batch of stream.rows()) rows.push(...batch.map(({ values }) => values));
  return { rows, ms: performance.now() - begun };
}

/** Least, median, 99th percentile and greatest of times in milliseconds. */
export function spread(times: readonly number[]): Record<'least' | 'p50' | 'p99' | 'max', number> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Number(sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(2));
  return { least: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Numbers between -1 and 1, the same ones at each run. */
export function numbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
