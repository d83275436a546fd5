import { decimalToDouble } from '../../types/decimals.ts';
import { canonical } from '../../types/numbers.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { ScoringError } from './provider.ts';

/** An element of a tensor. Those of `float16` are numbers here; providers convert them. */
export type Element = number | bigint | string | boolean;

/** The lowest and highest value of the integer types that tensors have. */
const integers = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;
type IntegerType = keyof typeof integers;
type FloatType = 'float16' | 'float32' | 'float64';
export type TensorType = FloatType | IntegerType | 'bool' | 'string';
type Kind = SqlType['kind'];

const floatTypes: readonly TensorType[] = ['float16', 'float32', 'float64'];
const integerTypes = Object.keys(integers) as readonly IntegerType[];
export const tensorTypes: readonly TensorType[] = [...floatTypes, ...integerTypes, 'bool', 'string'];

const isFloat = (type: TensorType): type is FloatType => floatTypes.includes(type);

/**
 * The tensors that take a column, the first one where nothing tells the type. An integer that the tensor's type cannot hold is
 * an error of its row; floats are rounded to the tensor's precision. A kind that is not here cannot be an input.
 */
export const inputTypes: Partial<Record<Kind, readonly TensorType[]>> = {
  BOOLEAN: ['bool', ...floatTypes, ...integerTypes],
  INTEGER: ['int32', ...integerTypes, ...floatTypes],
  BIGINT: ['int64', ...integerTypes, ...floatTypes],
  DOUBLE: ['float64', 'float32', 'float16'],
  DECIMAL: ['float64', 'float32', 'float16'],
  STRING: ['string'],
  TIMESTAMP: ['int64', 'float64'],
};

/** The tensors that give a column. A value that the column's type cannot hold is an error of its row. */
export const outputTypes: Partial<Record<Kind, readonly TensorType[]>> = {
  BOOLEAN: ['bool', ...integerTypes],
  INTEGER: [...integerTypes, 'bool'],
  BIGINT: [...integerTypes, 'bool'],
  DOUBLE: [...floatTypes, ...integerTypes, 'bool'],
  STRING: ['string'],
  TIMESTAMP: ['int64'],
};

/** The SQL type of a tensor's elements where no column is declared. */
export function sqlTypeOf(type: TensorType): SqlType {
  if (isFloat(type)) return { kind: 'DOUBLE' };
  if (type === 'bool') return { kind: 'BOOLEAN' };
  if (type === 'string') return { kind: 'STRING' };
  return {
    kind: type === 'int64' || type === 'uint64' || type === 'uint32' ? 'BIGINT' : 'INTEGER',
  };
}

/** Whether NaN can stand for NULL in a tensor of this type. */
export const hasNaN = isFloat;

const invalid = (message: string): never => {
  throw new ScoringError('INVALID_INPUT', message);
};

/** Converts the values of a column to elements. Throws a `ScoringError` for a value that the tensor cannot hold. */
export function inputElement(name: string, sql: SqlType, type: TensorType): (value: Value) => Element {
  const noNull = (value: Value): Value =>
    value ?? invalid(`input ${name} is null, which a tensor of ${type} cannot hold`);
  if (type === 'string') return (value) => noNull(value) as string;
  if (type === 'bool') return (value) => (noNull(value) === true ? 1 : 0);
  if (isFloat(type)) {
    if (sql.kind === 'DECIMAL') {
      const { scale } = sql;
      return (value) => (value === null ? NaN : decimalToDouble(value as Long, scale));
    }
    return (value) => (value === null ? NaN : Number(value));
  }
  const [lowest, highest] = integers[type];
  const isBig = type === 'int64' || type === 'uint64';
  const [from, to] = [Number(lowest), Number(highest)];
  return (value) => {
    if (!isBig && typeof value === 'number' && value >= from && value <= to) return value;
    const element = BigInt(noNull(value) as Long | boolean);
    if (element < lowest || element > highest) invalid(`input ${name}: ${element} is beyond ${type}`);
    return isBig ? element : Number(element);
  };
}

const bad = (message: string): never => {
  throw new ScoringError('BAD_RESPONSE', message);
};

/** Converts elements to values of a column. Throws a `ScoringError` for an element that the column cannot hold. */
export function outputValue(tensor: string, type: TensorType, sql: SqlType): (element: Element | null) => Value {
  const wrong = (element: Element | null): never =>
    bad(`output "${tensor}" has ${element === null ? 'a null' : String(element)}, which is no ${sql.kind} of ${type}`);
  if (type === 'string') return (element) => (typeof element === 'string' ? element : wrong(element));
  if (isFloat(type))
    return (element) =>
      typeof element === 'number' ? element : typeof element === 'bigint' ? Number(element) : wrong(element);
  const whole = (element: Element | null): number | bigint => {
    if (typeof element === 'bigint') return element;
    if (typeof element === 'boolean') return Number(element);
    return typeof element === 'number' && Number.isInteger(element) ? element : wrong(element);
  };
  if (sql.kind === 'BOOLEAN')
    return (element) => {
      const value = Number(whole(element));
      return value === 0 || value === 1 ? value === 1 : wrong(element);
    };
  if (sql.kind === 'DOUBLE' || sql.kind === 'TIMESTAMP')
    return (element) => {
      const value = Number(whole(element));
      return Number.isSafeInteger(value) ? value : wrong(element);
    };
  const [lowest, highest] = integers[sql.kind === 'INTEGER' ? 'int32' : 'int64'];
  const isBig = sql.kind !== 'INTEGER';
  return (element) => {
    if (isBig && typeof element === 'bigint') {
      // Most are small, and a number is compared in no time.
      const small = Number(element);
      if (Number.isSafeInteger(small)) return small;
    }
    const value = BigInt(whole(element));
    return value < lowest || value > highest ? wrong(element) : canonical(value);
  };
}
