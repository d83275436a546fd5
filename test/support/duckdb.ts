import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';

/** A database in memory, on one thread; a text that says why there is none on this machine. */
export async function openDuckDb(): Promise<DuckDBConnection | string> {
  let duckdb;
  try {
    duckdb = await import('@duckdb/node-api');
  } catch (error) {
    return `@duckdb/node-api has no binding for ${process.platform}-${process.arch}: ${(error as Error).message}`;
  }
  const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' });
  return instance.connect();
}

/** A value as a text that is the same for equal values of Millrace: decimals as unscaled numbers, maps in order of their keys. */
export function duckText(value: DuckDBValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if ('scale' in value) return String(value.value);
  if ('items' in value) return `[${value.items.map(duckText).join()}]`;
  if ('entries' in value && Array.isArray(value.entries))
    return `{${value.entries
      .map(({ key, value: each }) => `${duckText(key)}:${duckText(each)}`)
      .sort()
      .join()}}`;
  return String(value);
}

/** The elements of a list, null being a list of none. */
export function listOf(value: DuckDBValue): readonly DuckDBValue[] {
  return typeof value === 'object' && value !== null && 'items' in value ? value.items : [];
}
