import { EvaluationError } from '../types/numbers.ts';
import { parseJson } from '../types/json.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { DecodeError, type Decode, type DecodeColumn, type FormatOptions } from './define.ts';
import { findField, fromJson, integerText } from './json-convert.ts';
import { isSpace, JsonScanner } from './json-scanner.ts';
import { TextTable } from './text-table.ts';

/** Decodes whole JSON texts through a tree: what the scanner must agree with, and what reads unwrapped values. */
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
    for (const { name, type, slot } of columns)
      if (slot >= 0) row[slot] = fromJson(findField(json, name) ?? null, type, `$.${name}`);
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

/** A key as it stood at some place of the last record, and the column it is; the next record very likely has it there too. */
interface Predicted {
  readonly bytes: Buffer;
  readonly column: number;
}

/**
 * Decodes JSON objects from bytes, reading only the wanted columns: keys are guessed from the record before, other values are
 * skipped (and still checked), numbers are read without making text. What nests is handed to the tree decoder.
 */
export function jsonDecoder(columns: readonly DecodeColumn[], options: FormatOptions): Decode {
  if (columns.length === 1 && !options.wrap) return unwrappedDecoder(columns, options);
  const wanted = columns.filter(({ slot }) => slot >= 0);
  const byName = new Map(wanted.map(({ name }, i) => [name, i]));
  const slots = wanted.map(({ slot }) => slot);
  const types = wanted.map(({ type }) => type);
  const names = wanted.map(({ name }) => name);
  const texts = wanted.map(() => new TextTable());
  const predicted: Predicted[] = [];
  const scanner = new JsonScanner();
  /** The number of the scan that met each column last. */
  const seen = wanted.map(() => 0);
  let scans = 0;
  const isLate = wanted.map(({ late, type }) => late === true && type.kind === 'STRING');
  /** Where the texts that wait begin, -1 for none. */
  const lateAt = wanted.map(() => -1);
  const slow = slowJsonDecoder(columns, options);

  const lookUp = (bytes: Buffer, start: number, end: number, place: number): Predicted => {
    const text = scanner.keyText(bytes, start, end);
    const exact = byName.get(text);
    const column = exact ?? byName.get(text.toUpperCase()) ?? -1;
    const found: Predicted = { bytes: Buffer.from(bytes.subarray(start, end)), column };
    if (place < 256) predicted[place] = found;
    return found;
  };

  // What is rare is left to the tree decoder whole: a field given twice, in whatever case, and every text that fails here.
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

  /** True when the whole object was read; false when it must be read otherwise. */
  function scan(bytes: Buffer, start: number, end: number, row: Value[]): boolean {
    for (let column = 0; column < slots.length; column++) {
      row[slots[column]!] = null;
      lateAt[column] = -1;
    }
    scans++;
    let i = start;
    while (i < end && isSpace(bytes[i]!)) i++;
    if (bytes[i] !== 123 || i >= end) return false;
    i++;
    scanner.reset(bytes, end);
    for (let place = 0; ; place++) {
      while (i < end && isSpace(bytes[i]!)) i++;
      if (place === 0 && bytes[i] === 125) {
        i++;
        break;
      }
      if (bytes[i] !== 34 || i >= end) scanner.fail(i);
      const keyStart = i + 1;
      let guess = predicted[place];
      const length = guess === undefined ? -1 : guess.bytes.length;
      if (guess !== undefined && bytes[keyStart + length] === 34 && same(guess.bytes, bytes, keyStart, length)) {
        i = keyStart + length + 1;
      } else {
        i = scanner.skipString(i);
        guess = lookUp(bytes, keyStart, i - 1, place);
      }
      while (i < end && isSpace(bytes[i]!)) i++;
      if (bytes[i] !== 58 || i >= end) scanner.fail(i);
      i++;
      while (i < end && isSpace(bytes[i]!)) i++;
      const { column } = guess;
      if (column < 0) {
        i = scanner.skipValue(i);
      } else {
        if (seen[column] === scans) return false;
        seen[column] = scans;
        if (isLate[column] && bytes[i] === 34) {
          lateAt[column] = i;
          i = scanner.skipString(i);
        } else {
          row[slots[column]!] = readValue(scanner, bytes, i, types[column]!, names[column]!, texts[column]!);
          i = scanner.next;
        }
      }
      while (i < end && isSpace(bytes[i]!)) i++;
      const c = bytes[i++];
      if (i > end) scanner.fail(i);
      if (c === 125) break;
      if (c !== 44) scanner.fail(i - 1);
    }
    while (i < end && isSpace(bytes[i]!)) i++;
    if (i < end) scanner.fail(i);
    return true;
  }
}

function same(key: Buffer, bytes: Buffer, start: number, length: number): boolean {
  for (let k = 0; k < length; k++) if (key[k] !== bytes[start + k]) return false;
  return true;
}

/** One value at `i`; leaves the scanner's `next` behind it. */
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
  if (type.kind === 'DOUBLE' && c !== 34) {
    const value = scanner.readDouble(i);
    if (value !== undefined) return value;
  } else if ((type.kind === 'BIGINT' || type.kind === 'INTEGER' || type.kind === 'TIMESTAMP') && c !== 34) {
    const value = scanner.readInteger(i);
    if (value !== undefined) {
      if (type.kind === 'INTEGER' && (value | 0) !== value) return integerText(String(value), `$.${name}`, 32);
      return value;
    }
  }
  const end = scanner.skipValue(i);
  scanner.next = end;
  return fromJson(parse(bytes.utf8Slice(i, end)), type, `$.${name}`);
}

function unwrappedDecoder(columns: readonly DecodeColumn[], options: FormatOptions): Decode {
  return slowJsonDecoder(columns, options);
}
