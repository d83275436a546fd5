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

/** Receives the exception of a function call inside an expression; the value of the call is NULL. */
export type OnError = (error: unknown) => void;

/** Wraps a scalar function: a NULL argument skips the call, and an exception is reported and gives NULL. */
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

/** Arithmetic on NULL inside a lambda: throws. */
export function nullOperand(): never {
  throw new EvaluationError('an operand in a lambda is null');
}

type Operator = '+' | '-' | '*' | '/' | '%';
type Binary = (left: never, right: never) => Value;

/** Arithmetic on two non-null operands of these types; with a DECIMAL operand on decimals, with a DOUBLE operand on doubles. */
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

/** Compares two non-null values; their types may be different number types. */
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

/** The element at a 1-based index; a negative index counts from the end. Out of range is NULL. */
export function elementAt(items: readonly Value[], index: number): Value {
  const at = index > 0 ? index - 1 : index < 0 ? items.length + index : -1;
  return items[at] ?? null;
}

export { like, likeIgnoringCase } from './like.ts';

/** TRY_CAST: a value that cannot be cast is null, and nothing is said of it. */
export const nullOnError =
  (cast: (value: Value) => Value) =>
  (value: Value): Value => {
    try {
      return cast(value);
    } catch (error) {
      if (error instanceof EvaluationError) return null;
      throw error;
    }
  };
