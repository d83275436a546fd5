import type { Long } from '../../types/sql-type.ts';
import { ratioToDouble, type Scaled } from './exact-ratio.ts';
import {
  exactValue,
  exclude,
  excludeProduct,
  excludeWhole,
  highAndLow,
  include,
  includeProduct,
  includeWhole,
  productError,
  type ExactSum,
} from './exact-sum.ts';

const first = new Float64Array(2);
const second = new Float64Array(2);
const third = new Float64Array(2);

/** Adds a value; a BIGINT beyond the safe integers exactly too. */
export const includeLong = (sum: ExactSum, value: Long): void =>
  typeof value === 'bigint' ? includeWhole(sum, value) : include(sum, value);
export const excludeLong = (sum: ExactSum, value: Long): void =>
  typeof value === 'bigint' ? excludeWhole(sum, value) : exclude(sum, value);

/** Adds the product of two values, unless one is NaN or infinite: the sums of the values show that. */
export function includeProductOf(sum: ExactSum, x: Long, y: Long): void {
  if (typeof x === 'bigint' || typeof y === 'bigint') {
    if (isFinite(x) && isFinite(y)) includeWhole(sum, BigInt(x) * BigInt(y));
  } else if (Number.isFinite(x) && Number.isFinite(y)) includeProduct(sum, x, y);
}
export function excludeProductOf(sum: ExactSum, x: Long, y: Long): void {
  if (typeof x === 'bigint' || typeof y === 'bigint') {
    if (isFinite(x) && isFinite(y)) excludeWhole(sum, BigInt(x) * BigInt(y));
  } else if (Number.isFinite(x) && Number.isFinite(y)) excludeProduct(sum, x, y);
}
const isFinite = (value: Long): boolean => typeof value === 'bigint' || Number.isFinite(value);

/**
 * count · Σxy − Σx · Σy with a relative error of at most 2^-42; undefined if so many digits cancel that only exact arithmetic
 * gives that, or near the limits of exponents. Depends on the exact sums only, not on their representation.
 */
export function centered(count: number, products: ExactSum, xs: ExactSum, ys: ExactSum): number | undefined {
  highAndLow(products, first);
  highAndLow(xs, second);
  highAndLow(ys, third);
  const high = first[0]!;
  const x = second[0]!;
  const y = third[0]!;
  const left = count * high;
  const right = x * y;
  if (!(isUsual(left, high) && isUsual(right, x) && isUsual(right, y))) return undefined;
  const leftError = productError(count, high, left) + count * first[1]!;
  const rightError = productError(x, y, right) + (x * third[1]! + second[1]! * y);
  const total = left - right;
  const share = total - left;
  const error = left - (total - share) - (right + share);
  const result = total + (error + (leftError - rightError));
  return Math.abs(result) > (Math.abs(left) + Math.abs(right)) * 2 ** -60 ? result : undefined;
}
/** Whether a product is far enough from the limits of doubles for its rounding error to be a double, or exactly zero. */
const isUsual = (product: number, factor: number): boolean => {
  const size = Math.abs(product);
  return (size > 2 ** -900 && size < 2 ** 990 && Math.abs(factor) < 2 ** 990) || factor === 0;
};

/** The same with exact arithmetic. */
export function exactlyCentered(count: number, products: ExactSum, xs: ExactSum, ys: ExactSum): Scaled {
  const product = exactValue(products);
  const x = exactValue(xs);
  const y = exactValue(ys);
  const exponent = Math.min(product.exponent, x.exponent + y.exponent);
  const left = (BigInt(count) * product.digits) << BigInt(product.exponent - exponent);
  const right = (x.digits * y.digits) << BigInt(x.exponent + y.exponent - exponent);
  return { digits: left - right, exponent };
}

/** The variance of the values, with the divisor `count - less`. */
export function variance(count: number, values: ExactSum, squares: ExactSum, less: 0 | 1): number {
  const quick = centered(count, squares, values, values);
  if (quick !== undefined) return quick / (count * (count - less));
  const { digits, exponent } = exactlyCentered(count, squares, values, values);
  return ratioToDouble(digits, BigInt(count) * BigInt(count - less), exponent);
}

/** The standard deviation; it may be a double even if the variance is not. */
export function deviation(count: number, values: ExactSum, squares: ExactSum, less: 0 | 1): number {
  const quick = centered(count, squares, values, values);
  const below = count * (count - less);
  if (quick !== undefined) return Math.sqrt(quick / below);
  const { digits, exponent } = exactlyCentered(count, squares, values, values);
  const half = Math.floor((digits.toString(2).length + exponent - Math.log2(below)) / 2);
  const root = Math.sqrt(ratioToDouble(digits, BigInt(count) * BigInt(count - less), exponent - 2 * half));
  // In two steps: the power of two may exceed the doubles even if the result does not.
  const first = half >> 1;
  return root * 2 ** first * 2 ** (half - first);
}
