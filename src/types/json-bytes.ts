import type { Bytes } from '../util/bytes.ts';
import { jsonDouble, jsonString, jsonWriter } from './json-text.ts';
import type { SqlType, Value } from './sql-type.ts';

/** Puts a value's JSON behind what was written. */
type WriteJson = (value: Value, out: Bytes) => void;

/** What `jsonWriter` gives as text, as bytes: the kinds that most columns have are written without making a text first. */
export function jsonBytesWriter(type: SqlType): WriteJson {
  const write = nonNullWriter(type);
  return (value, out) => {
    if (value === null) out.copy(nullBytes);
    else write(value, out);
  };
}

const nullBytes = Buffer.from('null');

function nonNullWriter(type: SqlType): WriteJson {
  switch (type.kind) {
    case 'STRING':
      return (value, out) => writeString(value as string, out);
    case 'DOUBLE':
      return (value, out) => writeDouble(value as number, out);
    case 'INTEGER':
    case 'BIGINT':
      return (value, out) => writeInteger(value as number | bigint, out);
    default: {
      const toText = jsonWriter(type);
      return (value, out) => out.text(toText(value));
    }
  }
}

/** Printable ASCII without quote and backslash needs no escape; anything else goes the long way. */
function writeString(value: string, out: Bytes): void {
  const { length } = value;
  const buffer = out.need(length + 2);
  let at = out.length;
  buffer[at++] = 34;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) return out.text(jsonString(value));
    buffer[at++] = code;
  }
  buffer[at++] = 34;
  out.length = at;
}

function writeInteger(value: number | bigint, out: Bytes): void {
  if (typeof value === 'bigint' || value < 0 || Object.is(value, -0)) return out.text(String(value));
  writeDigits(value, 1, out);
}

const places = 4;
const scale = 10 ** places;

/**
 * As `jsonDouble` has it. A value that is the quotient of an integer and 10000 has that decimal as its shortest text, since two
 * decimals of at most 15 digits are never the same double: money and rates need no search for their digits.
 */
function writeDouble(value: number, out: Bytes): void {
  const scaled = Math.round(value * scale);
  if (scaled / scale !== value || !(value >= 1e-3 && value < 1e5)) return out.text(jsonDouble(value));
  // Below 2^30: what follows is done in registers.
  let digits = scaled | 0;
  let fraction = places;
  for (let next = (digits / 10) | 0; fraction > 1 && next * 10 === digits; next = (digits / 10) | 0) {
    digits = next;
    fraction--;
  }
  let length = 1;
  for (let power = 10; power <= digits; power *= 10) length++;
  length = Math.max(length, fraction + 1) + 1;
  const buffer = out.need(length);
  const first = out.length;
  const point = first + length - 1 - fraction;
  for (let at = first + length - 1; at >= first; at--) {
    if (at === point) buffer[at] = 46;
    else {
      const next = (digits / 10) | 0;
      buffer[at] = 48 + (digits - next * 10);
      digits = next;
    }
  }
  out.length = first + length;
}

/** The decimal digits of a safe integer that is not negative, with zeros before it up to a width. */
function writeDigits(value: number, width: number, out: Bytes): void {
  let length = 1;
  for (let power = 10; power <= value && length < 16; power *= 10) length++;
  if (length < width) length = width;
  const buffer = out.need(length);
  let left = value;
  let at = out.length + length;
  out.length = at;
  // Division of small integers is done in registers, that of doubles is not.
  while (left > 0x3fffffff) {
    const next = Math.floor(left / 10);
    buffer[--at] = 48 + (left - next * 10);
    left = next;
  }
  let small = left | 0;
  for (const first = out.length - length; at > first;) {
    const next = (small / 10) | 0;
    buffer[--at] = 48 + (small - next * 10);
    small = next;
  }
}
