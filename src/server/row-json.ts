import { jsonWriter } from '../types/json-text.ts';
import type { SqlType, Value } from '../types/sql-type.ts';

/** A writer of rows as JSON arrays, with dates and times as text. */
export function rowsWriter(types: readonly SqlType[]): (values: readonly Value[]) => string {
  const writers = types.map((type) => jsonWriter(type, { times: 'ksqldb' }));
  return (values) => `[${writers.map((write, i) => write(values[i]!)).join(',')}]`;
}
