import { jsonWriter, jsonString } from '../types/json-text.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { dateText, timestampText, timeText } from '../types/times.ts';

/** How a value is written in answers: as JSON sinks do, but dates and times as text. */
export function rowWriter(type: SqlType): (value: Value) => string {
  const write = nonNull(type);
  return (value) => (value === null ? 'null' : write(value));
}

function nonNull(type: SqlType): (value: Value) => string {
  switch (type.kind) {
    case 'DATE':
      return (value) => `"${dateText(value as number)}"`;
    case 'TIME':
      return (value) => `"${timeText(value as number)}"`;
    case 'TIMESTAMP':
      return (value) => `"${timestampText(value as number)}"`;
    case 'ARRAY': {
      const item = rowWriter(type.element);
      return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
    }
    case 'MAP': {
      const item = rowWriter(type.value);
      return (value) =>
        `{${[...(value as ReadonlyMap<string, Value>)].map(([key, each]) => `${jsonString(String(key))}:${item(each)}`).join(',')}}`;
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => ({
        prefix: `${jsonString(field.name)}:`,
        write: rowWriter(field.type),
      }));
      return (value) =>
        `{${fields.map(({ prefix, write }, i) => prefix + write((value as readonly Value[])[i]!)).join(',')}}`;
    }
    default:
      return jsonWriter(type);
  }
}

/** A whole row as a JSON array. */
export function rowsWriter(types: readonly SqlType[]): (values: readonly Value[]) => string {
  const writers = types.map(rowWriter);
  return (values) => `[${writers.map((write, i) => write(values[i]!)).join(',')}]`;
}
