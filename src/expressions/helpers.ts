import { compareBytes, equalValues } from '../types/compare.ts';
import { compareDecimals, decimalArithmetic, decimalToDouble } from '../types/decimals.ts';
import {
  addLong,
  EvaluationError,
  canonical,
  divideInteger,
  divideLong,
  multiplyLong,
  remainderInteger,
  remainderLong,
  subtractLong,
} from '../types/numbers.ts';
import type { Long, SqlType, Value } from '../types/sql-type.ts';

/** What happens with an exception of one function call inside an expression: it is told, and the call is null. */
export type OnError = (error: unknown) => void;

/** A scalar function that skips the call when an argument is null, and turns an exception into null. */
export function guarded(
  evaluate: (...args: Value[]) => unknown,
  acceptsNull: boolean,
  onError: OnError,
): (...args: Value[]) => Value {
  const attempt = (args: Value[]): Value => {
    try {
      const result = evaluate(...args) as Value | undefined;
      return result === undefined ? null : result;
    } catch (error) {
      onError(error);
      return null;
    }
  };
  if (acceptsNull) return (...args) => attempt(args);
  return (...args) => {
    for (const arg of args) if (arg === null) return null;
    return attempt(args);
  };
}

/** What arithmetic on null is inside a lambda. */
export function nullOperand(): never {
  throw new EvaluationError('an operand in a lambda is null');
}

type Operator = '+' | '-' | '*' | '/' | '%';
type Binary = (left: never, right: never) => Value;

/** Arithmetic on two non-null operands of these types; DECIMAL beside another number works on decimals, DOUBLE on doubles. */
export function arithmetic(op: Operator, left: SqlType, right: SqlType, result: SqlType): Binary {
  if (result.kind === 'DECIMAL') {
    const [a, b] = [scaleOf(left), scaleOf(right)];
    return (x: Long, y: Long) => decimalArithmetic(op, x, y, a, b, result);
  }
  if (result.kind === 'INTEGER') return integerOps[op];
  if (result.kind === 'BIGINT') return longOps[op];
  if (result.kind === 'STRING') return (x: string, y: string) => x + y;
  const [toLeft, toRight] = [toDouble(left), toDouble(right)];
  const plain = doubleOps[op];
  return (x: Long, y: Long) => plain(toLeft(x), toRight(y));
}

const scaleOf = (type: SqlType): number => (type.kind === 'DECIMAL' ? type.scale : 0);

function toDouble(type: SqlType): (value: Long) => number {
  if (type.kind === 'DECIMAL') return (value) => decimalToDouble(value, type.scale);
  return type.kind === 'BIGINT' ? Number : (value) => value as number;
}

const integerOps: Record<Operator, (x: number, y: number) => number> = {
  '+': (x, y) => (x + y) | 0,
  '-': (x, y) => (x - y) | 0,
  '*': (x, y) => Math.imul(x, y),
  '/': divideInteger,
  '%': remainderInteger,
};
const longOps: Record<Operator, (x: Long, y: Long) => Long> = {
  '+': addLong,
  '-': subtractLong,
  '*': multiplyLong,
  '/': divideLong,
  '%': remainderLong,
};
const doubleOps: Record<Operator, (x: number, y: number) => number> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => x / y,
  '%': (x, y) => x % y,
};

/** The order of two non-null values whose types may differ among the numbers. */
export function comparator(left: SqlType, right: SqlType): (a: Value, b: Value) => number {
  if (left.kind === 'BYTES') return (a, b) => compareBytes(a as Buffer, b as Buffer);
  if (left.kind === 'DECIMAL' || right.kind === 'DECIMAL') {
    if (left.kind === 'DOUBLE' || right.kind === 'DOUBLE') {
      const [toLeft, toRight] = [toDouble(left), toDouble(right)];
      return (a, b) => toLeft(a as Long) - toRight(b as Long);
    }
    const [x, y] = [scaleOf(left), scaleOf(right)];
    return (a, b) => compareDecimals(a as Long, x, b as Long, y);
  }
  return (a, b) => ((a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0);
}

export function equality(left: SqlType, right: SqlType): (a: Value, b: Value) => boolean {
  const numbers = (type: SqlType): boolean =>
    type.kind === 'DECIMAL' || type.kind === 'DOUBLE' || type.kind === 'BIGINT' || type.kind === 'INTEGER';
  if (numbers(left) && numbers(right)) {
    const order = comparator(left, right);
    return (a, b) => order(a, b) === 0;
  }
  return equalValues;
}

export function negation(type: SqlType): (value: Long) => Long {
  if (type.kind === 'INTEGER') return (value) => -(value as number) | 0;
  if (type.kind === 'DOUBLE') return (value) => -(value as number);
  return (value) => (typeof value === 'number' ? 0 - value : canonical(-value));
}

/** 1-based, negative from the end; out of range is null. */
export function elementAt(items: readonly Value[], index: number): Value {
  const at = index > 0 ? index - 1 : index < 0 ? items.length + index : -1;
  return items[at] ?? null;
}

const likeCache = new Map<string, RegExp>();
/** LIKE: `%` any text, `_` one character; neither matches across lines' ends specially, as in Java without DOTALL. */
export function like(value: string, pattern: string, escape: string | null): boolean {
  const key = `${escape ?? ''}\u0000${pattern}`;
  let regex = likeCache.get(key);
  if (regex === undefined) {
    let text = '';
    for (let i = 0; i < pattern.length; i++) {
      const c = pattern[i]!;
      if (escape !== null && c === escape && i + 1 < pattern.length) text += quote(pattern[++i]!);
      else text += c === '%' ? '.*' : c === '_' ? '.' : quote(c);
    }
    regex = new RegExp(`^${text}$`);
    if (likeCache.size > 1000) likeCache.clear();
    likeCache.set(key, regex);
  }
  return regex.test(value);
}
const quote = (c: string): string => c.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&');
