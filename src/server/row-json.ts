import { jsonWriter } from '../types/json-text.ts';
import type { SqlType, Value } from '../types/sql-type.ts';

/** A whole row of an answer as a JSON array: dates and times are text there. */
export function rowsWriter(types: readonly SqlType[]): (values: readonly Value[]) => string {
  const writers = types.map((type) => jsonWriter(type, { isoTimes: true }));
  return (values) => `[${writers.map((write, i) => write(values[i]!)).join(',')}]`;
}
