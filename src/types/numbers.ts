import type { Long } from './sql-type.ts';

/** A 64-bit integer in canonical form (a number when safe, otherwise a bigint), wrapped to 64 bits. */
export function long(value: bigint): Long {
  const wrapped = BigInt.asIntN(64, value);
  return canonical(wrapped);
}

/** An integer in canonical form without wrapping, for unscaled decimals. */
export function canonical(value: bigint): Long {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

const safe = (value: number): boolean => value <= 9007199254740991 && value >= -9007199254740991;

/** BIGINT arithmetic that wraps as Java's long does: on numbers, repeated with bigints when the result is no safe integer. */
export function addLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (safe(sum)) return sum;
  }
  return long(BigInt(a) + BigInt(b));
}
export function subtractLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (safe(difference)) return difference;
  }
  return long(BigInt(a) - BigInt(b));
}
export function multiplyLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (safe(product)) return product + 0;
  }
  return long(BigInt(a) * BigInt(b));
}

/**
 * Thrown when an expression has no value for a row, such as 1/0: the result is NULL and the error goes to the processing log.
 */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

export function divideLong(a: Long, b: Long): Long {
  if (b == 0) throw new EvaluationError('division by zero');
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0;
  return long(BigInt(a) / BigInt(b));
}
export function remainderLong(a: Long, b: Long): Long {
  if (b == 0) throw new EvaluationError('division by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return long(BigInt(a) % BigInt(b));
}
export function divideInteger(a: number, b: number): number {
  if (b === 0) throw new EvaluationError('division by zero');
  return (a / b) | 0;
}
export function remainderInteger(a: number, b: number): number {
  if (b === 0) throw new EvaluationError('division by zero');
  return (a % b) | 0;
}

/** Java's (long) of a double: truncates, saturates, NaN gives 0. */
export function doubleToLong(value: number): Long {
  if (Number.isNaN(value)) return 0;
  if (value >= 9223372036854775807) return 9223372036854775807n;
  if (value <= -9223372036854775808) return -9223372036854775808n;
  return canonical(BigInt(Math.trunc(value)));
}
/** Java's (int) of a double. */
export function doubleToInteger(value: number): number {
  if (Number.isNaN(value)) return 0;
  return value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : Math.trunc(value) + 0;
}

/** Java's Double.toString: at least one fraction digit, exponent form below 1e-3 and from 1e7 on. */
export function doubleText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return Object.is(value, -0) ? '-0.0' : `${value}.0`;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) return String(value);
  // Java writes at least two digits and chooses those closest to the value: 4.9E-324 for the smallest double.
  const shortest = value.toExponential();
  const [mantissa, exponent] = (shortest.includes('.') ? shortest : value.toExponential(1)).split('e') as [
    string,
    string,
  ];
  return `${mantissa}E${Number(exponent)}`;
}

/** Parses an integer with an optional sign, as Java's Long.parseLong does; undefined for other text and beyond 64 bits. */
export function parseLong(text: string): Long | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? canonical(value) : undefined;
}

const decimalDouble = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/;
const hexadecimalDouble = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[dDfF]?$/;
const namedDouble = /^([+-]?)(NaN|Infinity)$/;

/** Parses all that Java's Double.parseDouble takes: `NaN`, `-Infinity`, `1e5`, `0x1p3`, ` 1.5 `, `1d`; undefined for other text. */
export function readDouble(text: string): number | undefined {
  const trimmed = text.replaceAll(/^[\0- ]+|[\0- ]+$/g, '');
  if (decimalDouble.test(trimmed)) return Number(trimmed.replace(/[dDfF]$/, ''));
  const named = namedDouble.exec(trimmed);
  if (named !== null) return named[2] === 'NaN' ? NaN : named[1] === '-' ? -Infinity : Infinity;
  const hexadecimal = hexadecimalDouble.exec(trimmed);
  if (hexadecimal === null) return undefined;
  const [, sign, whole, fraction, exponent] = hexadecimal as unknown as [string, string, string, string, string];
  if (whole + fraction === '') return undefined;
  const value = timesPowerOfTwo(Number(`0x${whole}${fraction}`), Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** In two steps, because the power alone may be beyond a double. */
function timesPowerOfTwo(value: number, power: number): number {
  const bounded = Math.max(-4000, Math.min(4000, power));
  const half = Math.max(-1000, Math.min(1000, bounded));
  const rest = bounded - half;
  return value * 2 ** half * 2 ** Math.max(-1000, Math.min(1000, rest));
}

/** Parses a number as ksqlDB's CAST does: as `readDouble`, but without NaN and infinities. */
export function parseDouble(text: string): number | undefined {
  const value = readDouble(text);
  return Number.isFinite(value) ? value : undefined;
}
