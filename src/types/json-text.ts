import { decimalText } from './decimals.ts';
import { doubleText } from './numbers.ts';
import type { Long, SqlType, Value } from './sql-type.ts';

type Write = (value: Value) => string;

// Printable ASCII without quote and backslash needs no escape; the common case skips JSON.stringify.
const plain = /^[\u0020\u0021\u0023-\u005b\u005d-\u007e]*$/;

export function jsonString(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** NaN and the infinities have no JSON form: null. */
function jsonDouble(value: number): string {
  return Number.isFinite(value) ? doubleText(value) : 'null';
}

/** The writer of values of one type; null is `null`. */
export function jsonWriter(type: SqlType): Write {
  const write = nonNullWriter(type);
  return (value) => (value === null ? 'null' : write(value));
}

function nonNullWriter(type: SqlType): Write {
  switch (type.kind) {
    case 'STRING':
      return (value) => jsonString(value as string);
    case 'DOUBLE':
      return (value) => jsonDouble(value as number);
    case 'DECIMAL':
      return (value) => decimalText(value as Long, type.scale);
    case 'BYTES':
      return (value) => `"${(value as Buffer).toString('base64')}"`;
    case 'ARRAY': {
      const item = jsonWriter(type.element);
      return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
    }
    case 'MAP': {
      const item = jsonWriter(type.value);
      return (value) =>
        `{${[...(value as ReadonlyMap<string, Value>)].map(([key, each]) => `${jsonString(String(key))}:${item(each)}`).join(',')}}`;
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => ({
        prefix: `${jsonString(field.name)}:`,
        write: jsonWriter(field.type),
      }));
      return (value) =>
        `{${fields.map(({ prefix, write }, i) => prefix + write((value as readonly Value[])[i]!)).join(',')}}`;
    }
    default:
      return String;
  }
}
