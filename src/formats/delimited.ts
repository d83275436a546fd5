import { castBetween } from '../types/casts.ts';
import { decimalFromText, decimalText } from '../types/decimals.ts';
import { doubleText, readDouble } from '../types/numbers.ts';
import { STRING, typeText, type Long, type SqlType, type Value } from '../types/sql-type.ts';
import { DecodeError, type Format } from './define.ts';
import { timeNumber } from './time-numbers.ts';

const unsupported = ['ARRAY', 'MAP', 'STRUCT'];

/** Splits a line into fields. A quoted field may contain the delimiter; quotes in it are doubled. */
function splitLine(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let text = '';
      for (at++; ; at++) {
        if (at >= line.length) throw new DecodeError('a quoted field does not end');
        if (line[at] !== '"') text += line[at];
        else if (line[at + 1] === '"') text += line[at++];
        else break;
      }
      fields.push(text);
      at++;
    } else {
      const end = line.indexOf(delimiter, at);
      fields.push(line.slice(at, end < 0 ? line.length : end));
      at = end < 0 ? line.length : end;
    }
    if (at >= line.length) return fields;
    if (line[at] !== delimiter) throw new DecodeError('a quoted field is followed by text');
    at++;
    if (at === line.length) return [...fields, ''];
  }
}

function reader(type: SqlType): (text: string) => Value {
  switch (type.kind) {
    case 'STRING':
      return (text) => text;
    case 'DECIMAL':
      return (text) => decimalFromText(text.trim(), type, true);
    case 'DOUBLE':
      return (text) => {
        const value = readDouble(text);
        if (value === undefined) throw new DecodeError(`"${text}" is not a DOUBLE`);
        return value;
      };
    case 'BYTES':
      return (text) => Buffer.from(text, 'base64');
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP': {
      const toLong = castBetween(STRING, { kind: 'BIGINT' })!;
      return (text) => timeNumber(toLong(text) as Long, type.kind);
    }
    case 'BOOLEAN':
      return (text) => text.trim().toLowerCase() === 'true';
    default:
      return castBetween(STRING, type)!;
  }
}

function writer(type: SqlType): (value: Value) => string {
  switch (type.kind) {
    case 'DOUBLE':
      return (value) => doubleText(value as number);
    case 'DECIMAL':
      return (value) => decimalText(value as Long, type.scale);
    case 'BYTES':
      return (value) => (value as Buffer).toString('base64');
    default:
      return (value) => String(value);
  }
}

function quoted(text: string, delimiter: string, first: boolean): string {
  // Minimal quoting of commons-csv: when a field contains a delimiter, quote or line break, or when the first field does not
  // begin with a letter or digit.
  const needs =
    text.includes(delimiter) ||
    /["\r\n]/.test(text) ||
    (first && !/^[0-9A-Za-z]/.test(text)) ||
    /^[\u0000-#]|[\u0000- ]$/.test(text);
  return needs ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Fields separated by one character. An empty field is NULL; the number of fields must equal the number of columns. */
export const delimited: Format = {
  name: 'DELIMITED',
  supportsKey: true,
  supportsValue: true,
  losesValues: true,
  singles: 'unwrap',
  usesDelimiter: true,
  combines: true,
  writesNames: false,
  refuses: (columns) => {
    const column = columns.find(({ type }) => unsupported.includes(type.kind));
    return column && { column: column.name, type: typeText(column.type) };
  },
  decoder: (columns, { delimiter }) => {
    const readers = columns.map(({ type }) => reader(type));
    return (bytes, start, end, row) => {
      const fields = splitLine(bytes.utf8Slice(start, end).replace(/\r?\n$/, ''), delimiter);
      if (fields.length !== columns.length)
        throw new DecodeError(`${columns.length} fields are needed, not ${fields.length}`);
      columns.forEach(({ slot, name }, i) => {
        if (slot < 0) return;
        try {
          row[slot] = fields[i] === '' ? null : readers[i]!(fields[i]!);
        } catch (error) {
          throw new DecodeError(`field ${name}: ${(error as Error).message}`);
        }
      });
      return true;
    };
  },
  encoder: (columns, { delimiter }) => {
    const writers = columns.map(({ type }) => writer(type));
    return (row, out) => {
      columns.forEach(({ slot }, i) => {
        if (i > 0) out.text(delimiter);
        const value = row[slot]!;
        if (value !== null) out.text(quoted(writers[i]!(value), delimiter, i === 0));
      });
      return true;
    };
  },
};
