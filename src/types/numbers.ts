import type { Long } from './sql-type.ts';

/** The canonical form of an integer: a number while it is safe, a bigint beyond; wrapped to 64 bits. */
export function long(value: bigint): Long {
  const wrapped = BigInt.asIntN(64, value);
  return canonical(wrapped);
}

/** The canonical form without wrapping, for unscaled decimals. */
export function canonical(value: bigint): Long {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

const safe = (value: number): boolean => value <= 9007199254740991 && value >= -9007199254740991;

/** BIGINT arithmetic: fast on numbers, done again exactly when a result leaves the safe range, wrapping as Java's long does. */
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

/** Thrown for a value that has no answer, such as 1/0: the expression is null and the processing log says why. */
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
  // At least two digits, the closest of them: 4.9E-324 where one digit would do.
  const shortest = value.toExponential();
  const [mantissa, exponent] = (shortest.includes('.') ? shortest : value.toExponential(1)).split('e') as [
    string,
    string,
  ];
  return `${mantissa}E${Number(exponent)}`;
}

/** Text of an integer with optional sign, as Java's Long.parseLong takes it; undefined when it is none or leaves 64 bits. */
export function parseLong(text: string): Long | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? canonical(value) : undefined;
}

/** Text of a number as Java's Double.parseDouble takes it, NaN and infinities refused. */
export function parseDouble(text: string): number | undefined {
  const hexadecimal = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[dDfF]?$/.exec(text);
  if (hexadecimal !== null) {
    const [, sign, whole, fraction, exponent] = hexadecimal as unknown as [string, string, string, string, string];
    if (whole + fraction === '') return undefined;
    const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
    return Number.isFinite(value) ? (sign === '-' ? -value : value) : undefined;
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(text)) return undefined;
  const value = Number(text.replace(/[dDfF]$/, ''));
  return Number.isFinite(value) ? value : undefined;
}
