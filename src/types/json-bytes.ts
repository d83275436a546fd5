import type { Bytes } from '../util/bytes.ts';
import { jsonDouble, jsonString, jsonWriter } from './json-text.ts';
import type { SqlType, Value } from './sql-type.ts';

/** Appends a value as JSON. */
type WriteJson = (value: Value, out: Bytes) => void;

/** The same JSON as `jsonWriter`, written as bytes; common column types are written without an intermediate string. */
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

/** Printable ASCII without quote and backslash needs no escape; all else is written by `jsonString`. */
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
  writeDigits(value, out);
}

const places = 4;
const scale = 10 ** places;
/** Where Java's notation with an exponent begins. */
const exponential = 1e7;
/** Up to here a value times `scale` has at most 15 digits. */
const decimalEnd = 1e11;

/**
 * The same text as `jsonDouble`. Fast path: a value that equals an integer divided by 10000 has that decimal as its shortest
 * text, because two decimals of at most 15 digits are never the same double. Amounts of money, rates and their sums mostly are
 * such values.
 */
function writeDouble(value: number, out: Bytes): void {
  const size = value < 0 ? -value : value;
  const scaled = Math.round(size * scale);
  if (scaled / scale !== size || !(size >= 1e-3 && size < decimalEnd)) return out.text(jsonDouble(value));
  if (value < 0) out.byte(45);
  if (size < exponential) writePlain(size, scaled, out);
  else writeExponential(scaled, out);
}

/** Without exponent. Both parts are below 2^30, where the engine keeps integers in registers. */
function writePlain(size: number, scaled: number, out: Bytes): void {
  const whole = size | 0;
  let fraction = (scaled - whole * scale) | 0;
  let width = places;
  for (let next = (fraction / 10) | 0; width > 1 && next * 10 === fraction; next = (fraction / 10) | 0) {
    fraction = next;
    width--;
  }
  const length = digitsOf(whole);
  const buffer = out.need(length + 1 + width);
  const point = out.length + length;
  putDigits(whole, buffer, out.length, point);
  buffer[point] = 46;
  out.length = point + 1 + width;
  putDigits(fraction, buffer, point + 1, out.length);
}

const lowerPlaces = 8;
const lower = 10 ** lowerPlaces;

/** With exponent: one digit before the point and at least one behind it. */
function writeExponential(scaled: number, out: Bytes): void {
  const high = Math.floor(scaled / lower) | 0;
  const highLength = digitsOf(high);
  const length = highLength + lowerPlaces;
  const buffer = out.need(length + 4);
  const first = out.length;
  // The digits stand one place behind, until the first of them has changed places with the point.
  putDigits(high, buffer, first + 1, first + 1 + highLength);
  putDigits((scaled - high * lower) | 0, buffer, first + 1 + highLength, first + 1 + length);
  buffer[first] = buffer[first + 1]!;
  buffer[first + 1] = 46;
  let end = first + 1 + length;
  while (end > first + 3 && buffer[end - 1] === 48) end--;
  buffer[end++] = 69;
  out.length = end;
  writeDigits(length - places - 1, out);
}

function digitsOf(small: number): number {
  let length = 1;
  for (let power = 10; power <= small; power *= 10) length++;
  return length;
}
/** The last digits of an integer below 2^30, in all of a range. */
function putDigits(small: number, buffer: Buffer, start: number, end: number): void {
  let left = small;
  for (let at = end; at > start;) {
    const next = (left / 10) | 0;
    buffer[--at] = 48 + (left - next * 10);
    left = next;
  }
}

/** Writes a non-negative safe integer in decimal. */
function writeDigits(value: number, out: Bytes): void {
  let length = 1;
  for (let power = 10; power <= value && length < 16; power *= 10) length++;
  const buffer = out.need(length);
  let left = value;
  let at = out.length + length;
  out.length = at;
  // Integer division is fast below 2^30; larger numbers are divided as doubles.
  while (left > 0x3fffffff) {
    const next = Math.floor(left / 10);
    buffer[--at] = 48 + (left - next * 10);
    left = next;
  }
  putDigits(left | 0, buffer, out.length - length, at);
}
