import { EvaluationError } from '../types/numbers.ts';
import { parseJson } from '../types/json.ts';
import { readWhole } from '../types/read-part.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { DecodeError, type Decode, type DecodeColumn, type FormatOptions } from './define.ts';
import { findField, fromJson } from './json-convert.ts';
import { JsonScanner } from './json-scanner.ts';
import { JsonKeys } from './json-keys.ts';
import { nestedReader, type JsonReader } from './json-readers.ts';
import { TextTable } from './text-table.ts';

/** Decodes by parsing the whole text to a tree: the reference for the scanner, and the decoder of unwrapped values. */
export function slowJsonDecoder(columns: readonly DecodeColumn[], { wrap }: FormatOptions): Decode {
  return (bytes, start, end, row) => {
    const json = parse(bytes.utf8Slice(start, end));
    for (const { slot } of columns) if (slot >= 0) row[slot] = null;
    if (json === null) return false;
    if (columns.length === 1 && !wrap) {
      const { slot, type, name } = columns[0]!;
      if (slot >= 0) row[slot] = fromJson(json, type, `$.${name}`);
      return true;
    }
    if (!(json instanceof Map)) throw new DecodeError('the value is not a JSON object');
    for (const { name, type, slot, part } of columns)
      if (slot >= 0) row[slot] = fromJson(findField(json, name) ?? null, type, `$.${name}`, part);
    return true;
  };
}

function parse(text: string): ReturnType<typeof parseJson> {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof EvaluationError) throw new DecodeError(error.message);
    throw error;
  }
}

/**
 * Decodes JSON objects directly from bytes, reading only the needed columns, and of nested ones only what is read. Keys are predicted
 * from the previous record; other values are checked but not decoded; numbers are read without an intermediate string. A record that
 * the scan cannot read goes to the tree decoder.
 */
export function jsonDecoder(columns: readonly DecodeColumn[], options: FormatOptions): Decode {
  if (columns.length === 1 && !options.wrap) return unwrappedDecoder(columns, options);
  const wanted = columns.filter(({ slot }) => slot >= 0);
  const keys = new JsonKeys(new Map(wanted.map(({ name }, i) => [name, i])));
  const slots = wanted.map(({ slot }) => slot);
  const types = wanted.map(({ type }) => type);
  const names = wanted.map(({ name }) => name);
  const texts = wanted.map(() => new TextTable());
  const nested = wanted.map(({ type, part }) =>
    type.kind === 'STRUCT' || type.kind === 'ARRAY' || type.kind === 'MAP'
      ? nestedReader(type, part ?? readWhole, (scalar) => new ScalarReader(scalar))
      : undefined,
  );
  const scanner = new JsonScanner();
  /** For each column, the number of the last scan that has read it. */
  const seen = wanted.map(() => 0);
  let scans = 0;
  const isLate = wanted.map(({ late, type }) => late === true && type.kind === 'STRING');
  /** The start offsets of late text columns in the last record; -1 for none. */
  const lateAt = wanted.map(() => -1);
  const slow = slowJsonDecoder(columns, options);

  // Rare cases go to the tree decoder: duplicate fields (in any case), and every text for which the scan fails.
  const decode = (bytes: Buffer, start: number, end: number, row: Value[]): boolean => {
    try {
      if (scan(bytes, start, end, row)) return true;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    for (let column = 0; column < lateAt.length; column++) lateAt[column] = -1;
    return slow(bytes, start, end, row);
  };
  if (!isLate.includes(true)) return decode;
  const late = (row: Value[]): void => {
    for (let column = 0; column < lateAt.length; column++)
      if (lateAt[column]! >= 0) row[slots[column]!] = scanner.readString(lateAt[column]!, texts[column]!);
  };
  return Object.assign(decode, { late });

  /** Reads the whole object; false when the tree decoder must read it. */
  function scan(bytes: Buffer, start: number, end: number, row: Value[]): boolean {
    for (let column = 0; column < slots.length; column++) {
      row[slots[column]!] = null;
      lateAt[column] = -1;
    }
    scans++;
    scanner.reset(bytes, end);
    const opening = scanner.skipSpace(start);
    if (bytes[opening] !== 123 || opening >= end) return false;
    let i = scanner.enter(opening, 125);
    for (let place = 0; i >= 0; place++) {
      const column = keys.find(scanner, bytes, i, place);
      i = scanner.skipColon(scanner.next);
      if (column < 0) {
        i = scanner.skipValue(i);
      } else {
        if (seen[column] === scans) return false;
        seen[column] = scans;
        if (isLate[column] && bytes[i] === 34) {
          lateAt[column] = i;
          i = scanner.skipString(i);
        } else {
          const reader = nested[column];
          row[slots[column]!] =
            reader === undefined
              ? readValue(scanner, bytes, i, types[column]!, names[column]!, texts[column]!)
              : reader.read(scanner, bytes, i);
          i = scanner.next;
        }
      }
      i = scanner.following(i, 125);
    }
    i = scanner.skipSpace(scanner.next);
    if (i < end) scanner.fail(i);
    return true;
  }
}

/** Scalars inside of nested values. */
class ScalarReader implements JsonReader {
  readonly #type: SqlType;
  readonly #texts = new TextTable();

  constructor(type: SqlType) {
    this.#type = type;
  }
  read(scanner: JsonScanner, bytes: Buffer, i: number): Value {
    return readValue(scanner, bytes, i, this.#type, '', this.#texts);
  }
}

const isInteger = (kind: SqlType['kind']): boolean =>
  kind === 'BIGINT' || kind === 'INTEGER' || kind === 'TIMESTAMP' || kind === 'DATE' || kind === 'TIME';

/** Reads the value at `i`; `scanner.next` is then the offset behind it. */
function readValue(
  scanner: JsonScanner,
  bytes: Buffer,
  i: number,
  type: SqlType,
  name: string,
  texts: TextTable,
): Value {
  const c = bytes[i]!;
  if (c === 110) {
    scanner.next = scanner.skipValue(i);
    return null;
  }
  if (type.kind === 'STRING' && c === 34) return scanner.readString(i, texts);
  if (type.kind === 'DOUBLE') {
    const value = scanner.readDouble(i);
    if (value !== undefined) return value;
  } else if (isInteger(type.kind)) {
    const value = scanner.readInteger(i);
    // A number beyond 32 bits is refused below, where the type has no more.
    if (value !== undefined && (type.kind === 'BIGINT' || type.kind === 'TIMESTAMP' || (value | 0) === value))
      return value;
  }
  return readOther(scanner, bytes, i, type, name);
}

/** The values that take longer or are rarer: apart, so that the others are compiled into the scan. */
function readOther(scanner: JsonScanner, bytes: Buffer, i: number, type: SqlType, name: string): Value {
  if (type.kind === 'DECIMAL') {
    const value = scanner.readDecimal(i, type.precision, type.scale);
    if (value !== undefined) return value;
  }
  const c = bytes[i]!;
  const end = scanner.skipValue(i);
  scanner.next = end;
  if (type.kind === 'BOOLEAN' && (c === 116 || c === 102)) return c === 116;
  if (type.kind === 'DOUBLE' && (c === 45 || (c >= 48 && c <= 57))) return Number(bytes.latin1Slice(i, end));
  return fromJson(parse(bytes.utf8Slice(i, end)), type, `$.${name}`);
}

function unwrappedDecoder(columns: readonly DecodeColumn[], options: FormatOptions): Decode {
  return slowJsonDecoder(columns, options);
}
