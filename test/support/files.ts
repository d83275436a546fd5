import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuckDb } from './duckdb.ts';

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'millrace-files-'));

/** The data files of a folder, with those of its folders. */
export const dataFiles = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort();

export async function duckDb(): Promise<DuckDBConnection> {
  const duckdb = await openDuckDb();
  if (typeof duckdb === 'string') throw new TypeError(duckdb);
  return duckdb;
}

/** The rows of a query over files as DuckDB reads them, as JSON arrays of texts. */
export async function rowsOf(duckdb: DuckDBConnection, sql: string): Promise<unknown[]> {
  return (await duckdb.runAndReadAll(sql)).getRowsJson();
}
