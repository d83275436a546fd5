import { jsonString, jsonWriter } from '../../types/json-text.ts';
import type { SqlType, Value } from '../../types/sql-type.ts';
import { dateText, timestampText, timeText } from '../../types/times.ts';
import { boundOverload, scalar } from '../define.ts';

type Write = (value: Value) => string;
const byName = <T>([a]: readonly [string, T], [b]: readonly [string, T]): number => (a < b ? -1 : a > b ? 1 : 0);

/** As columns are written to topics, but with names in order and times as ISO texts. */
function writer(type: SqlType | null): Write {
  if (type === null) return () => 'null';
  const write = nonNullWriter(type);
  return (value) => (value === null ? 'null' : write(value));
}

function nonNullWriter(type: SqlType): Write {
  switch (type.kind) {
    case 'DATE':
      return (value) => `"${dateText(value as number)}"`;
    case 'TIME':
      return (value) => `"${timeText(value as number)}"`;
    case 'TIMESTAMP':
      return (value) => `"${timestampText(value as number)}"`;
    case 'ARRAY': {
      const item = writer(type.element);
      return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
    }
    case 'MAP': {
      const item = writer(type.value);
      return (value) =>
        `{${[...(value as ReadonlyMap<string, Value>)]
          .map(([key, each]) => [String(key), each] as const)
          .sort(byName)
          .map(([key, each]) => `${jsonString(key)}:${item(each)}`)
          .join(',')}}`;
    }
    case 'STRUCT': {
      const fields = type.fields
        .map((each, i) => [each.name, { index: i, write: writer(each.type) }] as const)
        .sort(byName);
      return (value) =>
        `{${fields.map(([name, { index, write }]) => `${jsonString(name)}:${write((value as readonly Value[])[index]!)}`).join(',')}}`;
    }
    default:
      return jsonWriter(type);
  }
}

export const toJsonString = scalar({
  name: 'TO_JSON_STRING',
  doc: 'Any value as JSON text, the fields of structs and maps in order of their names; null is the text null.',
  category: 'JSON',
  overloads: [boundOverload('value T', 'STRING', ({ args }) => writer(args[0] ?? null), { acceptsNull: true })],
});
