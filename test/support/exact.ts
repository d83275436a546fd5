/**
 * Arithmetic of doubles without rounding, by whole numbers: a double is so many times 2^-1074. What statistics of doubles are held
 * to; it shares nothing with the code that it judges.
 */

const view = new DataView(new ArrayBuffer(8));
const fraction = (1n << 52n) - 1n;
const infinityBits = 0x7ffn << 52n;

/** A finite double in units of 2^-1074. */
export function unitsOf(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0) & ((1n << 63n) - 1n);
  const exponent = bits >> 52n;
  const units = exponent === 0n ? bits : ((1n << 52n) | (bits & fraction)) << (exponent - 1n);
  return value < 0 ? -units : units;
}

const bitLength = (value: bigint): number => value.toString(2).length;

/** The double nearest to numerator / denominator in units of 2^-1074, a tie going to the even one; infinite beyond the greatest. */
export function doubleOf(numerator: bigint, denominator = 1n): number {
  if (numerator < 0n) return -doubleOf(-numerator, denominator);
  const shift = BigInt(Math.max(0, bitLength(numerator / denominator) - 53));
  const divisor = denominator << shift;
  let significand = numerator / divisor;
  const twice = 2n * (numerator - significand * divisor);
  if (twice > divisor || (twice === divisor && (significand & 1n) === 1n)) significand++;
  const bits = (shift << 52n) + significand;
  view.setBigUint64(0, bits > infinityBits ? infinityBits : bits);
  return view.getFloat64(0);
}

/** numerator / denominator as a double, both whole numbers. */
export const quotient = (numerator: bigint, denominator: bigint): number => doubleOf(numerator << 1074n, denominator);

/** What sums of infinities and NaN give; undefined where all values are finite. */
function ofInfinite(values: readonly number[]): number | undefined {
  const infinite = values.filter((value) => !Number.isFinite(value));
  return infinite.length === 0 ? undefined : infinite.reduce((sum, value) => sum + value);
}

/** The sum, rounded once; null of no values. */
export function exactSum(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return ofInfinite(values) ?? doubleOf(values.reduce((sum, value) => sum + unitsOf(value), 0n));
}
/** The average, rounded once; null of no values. */
export function exactAverage(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sum = values.reduce((all, value) => all + (Number.isFinite(value) ? unitsOf(value) : 0n), 0n);
  return ofInfinite(values) ?? doubleOf(sum, BigInt(values.length));
}

/** n * (sum of x * y) - (sum of x) * (sum of y), in units of 2^-2148. */
function spread(xs: readonly bigint[], ys: readonly bigint[]): bigint {
  let [product, left, right] = [0n, 0n, 0n];
  for (const [i, x] of xs.entries()) {
    product += x * ys[i]!;
    left += x;
    right += ys[i]!;
  }
  return BigInt(xs.length) * product - left * right;
}

/** The variance (of a sample or of all), rounded once; null of too few values, NaN where one is not finite. */
export function exactVariance(values: readonly number[], isSample: boolean): number | null {
  const n = BigInt(values.length);
  const divisor = isSample ? n - 1n : n;
  if (divisor <= 0n) return null;
  if (ofInfinite(values) !== undefined) return NaN;
  const units = values.map(unitsOf);
  return doubleOf(spread(units, units), (n * divisor) << 1074n);
}
/** The deviation, to the last place but one. */
export function exactDeviation(values: readonly number[], isSample: boolean): number | null {
  const variance = exactVariance(values, isSample);
  if (variance === null || Number.isNaN(variance)) return variance;
  const n = BigInt(values.length);
  const units = values.map(unitsOf);
  // The root of the numerator in units of 2^-1074 over that of the denominator, both with many places.
  const places = 128n;
  const ratio = (spread(units, units) << (2n * places)) / (n * (isSample ? n - 1n : n));
  return doubleOf(squareRoot(ratio), 1n << places);
}
/** Pearson's correlation of pairs; null where it is not defined, NaN where a value is not finite. */
export function exactCorrelation(pairs: readonly (readonly [number, number])[]): number | null {
  if (pairs.length < 2) return null;
  if (ofInfinite(pairs.flat()) !== undefined) return NaN;
  const [xs, ys] = [pairs.map(([x]) => unitsOf(x)), pairs.map(([, y]) => unitsOf(y))];
  const product = spread(xs, xs) * spread(ys, ys);
  if (product === 0n) return null;
  const covariance = spread(xs, ys);
  // So many binary places that the root has more than a double can hold, however small it is.
  const numerator = covariance * covariance;
  const places = BigInt(128 + Math.max(0, bitLength(product) - bitLength(numerator)));
  const root = quotient(squareRoot((numerator << (2n * places)) / product), 1n << places);
  return covariance < 0n ? -root : root;
}

/** The whole part of a square root, by Newton's steps. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
