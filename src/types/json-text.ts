import { decimalText } from './decimals.ts';
import { doubleText } from './numbers.ts';
import type { Long, SqlType, Value } from './sql-type.ts';
import { dateText, exactTimeText, timestampText, timeText } from './times.ts';

type Write = (value: Value) => string;

/**
 * `times`: DATE, TIME and TIMESTAMP as text instead of numbers: with all that a TIME has, or as ksqlDB's answers, which drop its
 * milliseconds. `sorted`: field names in alphabetical order. `double`: how a DOUBLE is written instead.
 */
interface JsonStyle {
  readonly times?: 'exact' | 'ksqldb';
  readonly sorted?: boolean;
  readonly double?: (value: number) => string;
}

/** Printable ASCII without quote and backslash needs no escape; the common case skips JSON.stringify. */
export function jsonString(text: string): string {
  if (text.length > 200) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** NaN and the infinities have no JSON number: they are written as strings, as Jackson does. */
export function jsonDouble(value: number): string {
  return Number.isFinite(value) ? doubleText(value) : `"${doubleText(value)}"`;
}

const byName = ({ name: a }: { readonly name: string }, { name: b }: { readonly name: string }): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** A writer of values of one type as JSON text; NULL is `null`. The default style is that of topics. */
export function jsonWriter(type: SqlType, style: JsonStyle = {}): Write {
  const write = nonNullWriter(type, style);
  return (value) => (value === null ? 'null' : write(value));
}

function nonNullWriter(type: SqlType, style: JsonStyle): Write {
  switch (type.kind) {
    case 'STRING':
      return (value) => jsonString(value as string);
    case 'DOUBLE': {
      const { double = jsonDouble } = style;
      return (value) => double(value as number);
    }
    case 'DECIMAL':
      return (value) => decimalText(value as Long, type.scale);
    case 'BYTES':
      return (value) => `"${(value as Buffer).toString('base64')}"`;
    case 'DATE':
      return style.times !== undefined ? (value) => `"${dateText(value as number)}"` : String;
    case 'TIME':
      if (style.times === undefined) return String;
      return style.times === 'ksqldb'
        ? (value) => `"${timeText(value as number)}"`
        : (value) => `"${exactTimeText(value as number)}"`;
    case 'TIMESTAMP':
      return style.times !== undefined ? (value) => `"${timestampText(value as number)}"` : String;
    case 'ARRAY': {
      const item = jsonWriter(type.element, style);
      return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
    }
    case 'MAP': {
      const item = jsonWriter(type.value, style);
      return (value) => {
        const entries = [...(value as ReadonlyMap<string, Value>)].map(([key, each]) => ({ name: String(key), each }));
        if (style.sorted) entries.sort(byName);
        return `{${entries.map(({ name, each }) => `${jsonString(name)}:${item(each)}`).join(',')}}`;
      };
    }
    case 'STRUCT': {
      const fields = type.fields.map(({ name, type: fieldType }, index) => ({
        name,
        index,
        prefix: `${jsonString(name)}:`,
        write: jsonWriter(fieldType, style),
      }));
      if (style.sorted) fields.sort(byName);
      return (value) =>
        `{${fields.map(({ prefix, write, index }) => prefix + write((value as readonly Value[])[index]!)).join(',')}}`;
    }
    default:
      return String;
  }
}
