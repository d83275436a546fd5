import { canonical, EvaluationError } from './numbers.ts';
import type { Long, SqlType } from './sql-type.ts';

export type DecimalType = Extract<SqlType, { kind: 'DECIMAL' }>;

const powers: bigint[] = [1n];
const most = { kept: 100, digits: 10_100 };
/** 10 to a power; a value that asks for one of more digits than any text of a number has is refused, before it uses up the memory. */
export function powerOfTen(n: number): bigint {
  if (n > most.digits) throw new EvaluationError(`a number of ${n} digits is too long`);
  if (n > most.kept) return 10n ** BigInt(n);
  for (let i = powers.length; i <= n; i++) powers.push(powers[i - 1]! * 10n);
  return powers[n]!;
}

/** The same decimal at another scale; digits that would be lost are rounded half away from zero. */
export function rescale(unscaled: Long, from: number, to: number): Long {
  if (from === to) return unscaled;
  if (to > from) return canonical(BigInt(unscaled) * powerOfTen(to - from));
  return canonical(divideHalfUp(BigInt(unscaled), powerOfTen(from - to)));
}

function divideHalfUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const remainder = value % divisor;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient;
  return value < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** Whether an unscaled value has no more digits than the precision. */
export function fits(unscaled: Long, precision: number): boolean {
  const value = BigInt(unscaled);
  return (value < 0n ? -value : value) < powerOfTen(precision);
}

/** The value if it fits its type; a wider one is an error, as Java's MathContext makes it. */
export function checked(unscaled: Long, type: DecimalType): Long {
  if (!fits(unscaled, type.precision))
    throw new EvaluationError(
      `numeric field overflow: ${decimalText(unscaled, type.scale)} does not fit DECIMAL(${type.precision}, ${type.scale})`,
    );
  return unscaled;
}

/** Plain text with all digits of the scale, such as `1.00`. */
export function decimalText(unscaled: Long, scale: number): string {
  const negative = unscaled < 0;
  const digits = (negative ? -BigInt(unscaled) : BigInt(unscaled)).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return negative ? `-${text}` : text;
}

/** Parses `-12.50`, `1e3` and the like; undefined when the text is no number. */
export function parseDecimal(text: string): { unscaled: bigint; scale: number } | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined;
  const fraction = match[3] ?? '';
  let scale = fraction.length - Number(match[4] ?? 0);
  let unscaled = BigInt(match[2]! + fraction || '0');
  if (scale < 0) {
    unscaled *= powerOfTen(-scale);
    scale = 0;
  }
  return { unscaled: match[1] === '-' ? -unscaled : unscaled, scale };
}

/** Converts text to a decimal of this type. With `exact`, digits that would be rounded away are an error. */
export function decimalFromText(text: string, type: DecimalType, exact: boolean): Long {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new EvaluationError(`"${text}" is not a number`);
  const value = rescale(canonical(parsed.unscaled), parsed.scale, type.scale);
  if (exact && rescale(value, type.scale, parsed.scale) !== canonical(parsed.unscaled) && parsed.scale > type.scale) {
    throw new EvaluationError(`${text} does not fit DECIMAL(${type.precision}, ${type.scale}) without rounding`);
  }
  return checked(value, type);
}

export function decimalToDouble(unscaled: Long, scale: number): number {
  return scale === 0 ? Number(unscaled) : Number(decimalText(unscaled, scale));
}

export function compareDecimals(a: Long, aScale: number, b: Long, bScale: number): number {
  const scale = Math.max(aScale, bScale);
  const left = rescale(a, aScale, scale);
  const right = rescale(b, bScale, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The DECIMAL type that holds every value of a number type (INTEGER and BIGINT included); undefined for other types. */
export function asDecimal(type: SqlType): DecimalType | undefined {
  if (type.kind === 'DECIMAL') return type;
  if (type.kind === 'INTEGER') return { kind: 'DECIMAL', precision: 10, scale: 0 };
  if (type.kind === 'BIGINT') return { kind: 'DECIMAL', precision: 19, scale: 0 };
  return undefined;
}

/** ksqlDB's result types of decimal arithmetic. */
export function decimalResult(op: '+' | '-' | '*' | '/' | '%', a: DecimalType, b: DecimalType): DecimalType {
  const [p1, s1, p2, s2] = [a.precision, a.scale, b.precision, b.scale];
  const make = (precision: number, scale: number): DecimalType => ({ kind: 'DECIMAL', precision, scale });
  switch (op) {
    case '+':
    case '-': {
      const scale = Math.max(s1, s2);
      return make(scale + Math.max(p1 - s1, p2 - s2) + 1, scale);
    }
    case '*':
      return make(p1 + p2 + 1, s1 + s2);
    case '/': {
      const scale = Math.max(6, s1 + p2 + 1);
      return make(p1 - s1 + s2 + scale, scale);
    }
    case '%': {
      const scale = Math.max(s1, s2);
      return make(Math.min(p1 - s1, p2 - s2) + scale, scale);
    }
  }
}

/** Decimal arithmetic at the result's type; an inexact quotient is an error, as in ksqlDB. */
export function decimalArithmetic(
  op: '+' | '-' | '*' | '/' | '%',
  a: Long,
  b: Long,
  aScale: number,
  bScale: number,
  type: DecimalType,
): Long {
  if (op === '*') return checked(canonical(BigInt(a) * BigInt(b)), type);
  if (op === '/') {
    if (b == 0) throw new EvaluationError('division by zero');
    // a/10^s1 ÷ b/10^s2 at scale s: a · 10^(s - s1 + s2) / b.
    const numerator = BigInt(a) * powerOfTen(type.scale - aScale + bScale);
    if (numerator % BigInt(b) !== 0n)
      throw new EvaluationError('the quotient has no exact decimal form: rounding necessary');
    return checked(canonical(numerator / BigInt(b)), type);
  }
  const left = BigInt(rescale(a, aScale, type.scale));
  const right = BigInt(rescale(b, bScale, type.scale));
  if (op === '%' && right === 0n) throw new EvaluationError('division by zero');
  return checked(canonical(op === '+' ? left + right : op === '-' ? left - right : left % right), type);
}

/** An unscaled value as big-endian two's complement (Java's BigInteger), in the fewest bytes but at least `size`. */
export function unscaledBytes(unscaled: Long, size = 1): Buffer {
  const value = BigInt(unscaled);
  let length = size;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const hex = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}
export function unscaledFrom(bytes: Buffer): Long {
  if (bytes.length === 0) return 0;
  return canonical(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)));
}
