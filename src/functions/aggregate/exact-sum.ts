import { fixedOf, fixedProduct, fixedUnit, ratioToDouble, scaledOf, type Scaled } from './exact-ratio.ts';

/**
 * An exact sum of doubles: the count, then non-overlapping parts, the least first, that add up to the sum (Shewchuk's
 * expansions, as in Python's `fsum`); at least two parts, which may be zero. NaN, infinities, and values near the limits of the
 * exponent bring it into its other form [count, Rare]. Terms may be added and removed in any order: results depend on the exact
 * sum only. States are changed in place.
 */
export type ExactSum = number[];
/** The numbers of NaN, Infinity and -Infinity, and the sum of all other values in units of 2^-2148. */
type Rare = [nan: number, positive: number, negative: number, fixed: bigint];

/** Parts up to this plus one smaller term cannot overflow. */
const greatest = 2 ** 1021;
/** Between these limits a product and its rounding error are both doubles. */
const leastFactor = 2 ** -480;
const greatestFactor = 2 ** 500;

export function exactSum(): ExactSum {
  // A fraction makes V8 allocate an array of doubles, which later terms need not convert.
  const sum = [0.5, 0, 0];
  sum[0] = 0;
  return sum;
}

/** Adds a value, and counts it. */
export function include(sum: ExactSum, value: number): void {
  sum[0]!++;
  addTerm(sum, value, 1);
}
/** Removes a value that was added. */
export function exclude(sum: ExactSum, value: number): void {
  sum[0]!--;
  addTerm(sum, -value, -1);
}

/** Adds the exact product of two finite values, and counts it. */
export function includeProduct(sum: ExactSum, x: number, y: number): void {
  sum[0]!++;
  addProduct(sum, x, y, 1);
}
export function excludeProduct(sum: ExactSum, x: number, y: number): void {
  sum[0]!--;
  addProduct(sum, -x, y, -1);
}

/** Adds a whole number of any size, and counts it. */
export function includeWhole(sum: ExactSum, value: bigint): void {
  sum[0]!++;
  addFixed(sum, value << BigInt(-fixedUnit));
}
export function excludeWhole(sum: ExactSum, value: bigint): void {
  sum[0]!--;
  addFixed(sum, -value << BigInt(-fixedUnit));
}
function addFixed(sum: ExactSum, fixed: bigint): void {
  const rare = toRare(sum);
  rare[3] += fixed;
  settle(sum, rare);
}

/** A new sum of the terms of both. */
export function joinSums(left: ExactSum, right: ExactSum): ExactSum {
  const joined = left.slice();
  if (left.length === 2) joined[1] = (left[1] as unknown as Rare).slice() as never;
  joined[0] = left[0]! + right[0]!;
  if (right.length > 2) {
    for (let i = 1; i < right.length; i++) if (right[i] !== 0) addTerm(joined, right[i]!, 1);
    return joined;
  }
  const [nan, positive, negative, fixed] = right[1] as unknown as Rare;
  const rare = toRare(joined);
  rare[0] += nan;
  rare[1] += positive;
  rare[2] += negative;
  rare[3] += fixed;
  settle(joined, rare);
  return joined;
}

/** Multiplies by a power of two; exact, but for digits below the least double. */
export function scaleSum(sum: ExactSum, exponent: number): void {
  if (sum.length === 2) {
    const rare = sum[1] as unknown as Rare;
    rare[3] = exponent < 0 ? rare[3] >> BigInt(-exponent) : rare[3] << BigInt(exponent);
    settle(sum, rare);
    return;
  }
  const factor = 2 ** exponent;
  for (let i = 1; i < sum.length; i++) sum[i]! *= factor;
}

/** The double nearest to the sum, ties to even; NaN and infinities as in IEEE addition. */
export function roundedSum(sum: ExactSum): number {
  if (sum.length === 3) return sum[1]! + sum[2]!;
  if (sum.length === 2) return roundedRare(sum, 1);
  let i = sum.length - 1;
  while (i > 1 && sum[i] === 0) i--;
  let high = sum[i]!;
  let low = 0;
  while (--i > 0) {
    const part = sum[i]!;
    const before = high;
    high = before + part;
    low = part - (high - before);
    if (low !== 0) break;
  }
  // Ties go to the even double, unless a lower part decides.
  let next = i - 1;
  while (next > 0 && sum[next] === 0) next--;
  if (next > 0 && low > 0 === sum[next]! > 0) {
    const twice = low * 2;
    const other = high + twice;
    if (twice === other - high) high = other;
  }
  return high;
}

/** The double nearest to sum / count; the count is not 0. */
export function roundedMean(sum: ExactSum): number {
  if (sum.length === 2) return roundedRare(sum, sum[0]!);
  const count = sum[0]!;
  if (count === 1) return roundedSum(sum);
  highAndLow(sum, pair);
  const high = pair[0]!;
  const low = pair[1]!;
  if (high === 0) return 0;
  const quotient = high / count;
  if (Math.abs(quotient) > leastFactor) {
    // high - quotient * count is a double, and so is the rounding error of that product.
    const product = quotient * count;
    const rest = high - product - productError(quotient, count, product) + low;
    if (rest === 0 && sum.length === 3) return quotient;
    // The quotient is right if both bounds of the rest give the same one.
    const doubt = Math.abs(rest) * 2 ** -48 + (sum.length === 3 ? 0 : Math.abs(low) * 2 ** -51);
    const least = quotient + (rest - doubt) / count;
    if (least === quotient + (rest + doubt) / count) return least;
  }
  const { digits, exponent } = exactValue(sum);
  return ratioToDouble(digits, BigInt(count), exponent);
}

/** The exact sum of the finite terms. */
export function exactValue(sum: ExactSum): Scaled {
  if (sum.length === 2) return { digits: (sum[1] as unknown as Rare)[3], exponent: fixedUnit };
  return scaledOf(sum, 1);
}

/** Whether it holds NaN or an infinity. */
export function hasNonFinite(sum: ExactSum): boolean {
  if (sum.length > 2) return false;
  const [nan, positive, negative] = sum[1] as unknown as Rare;
  return nan + positive + negative > 0;
}

/** Writes the double nearest to the sum, and the double nearest to the rest, into `out`; only finite sums. */
export function highAndLow(sum: ExactSum, out: Float64Array): void {
  if (sum.length === 3) {
    const [, x, y] = sum as [number, number, number];
    const high = x + y;
    const part = high - x;
    out[0] = high;
    out[1] = x - (high - part) + (y - part);
    return;
  }
  const high = roundedSum(sum);
  out[0] = high;
  out[1] = 0;
  if (!Number.isFinite(high)) return;
  const rest = sum.slice();
  if (rest.length === 2) rest[1] = (rest[1] as unknown as Rare).slice() as never;
  addTerm(rest, -high, 1);
  out[1] = roundedSum(rest);
}
const pair = new Float64Array(2);

/** The rounding error of a product of two doubles (Dekker, Veltkamp), if nothing overflows or underflows. */
export function productError(x: number, y: number, product: number): number {
  const xs = 134217729 * x;
  const xHigh = xs - (xs - x);
  const xLow = x - xHigh;
  const ys = 134217729 * y;
  const yHigh = ys - (ys - y);
  const yLow = y - yHigh;
  return xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
}

function addProduct(sum: ExactSum, x: number, y: number, sign: 1 | -1): void {
  if (x === 0 || y === 0) return;
  if (isFactor(x) && isFactor(y)) {
    const product = x * y;
    addTerm(sum, product, sign);
    const error = productError(x, y, product);
    if (error !== 0) addTerm(sum, error, sign);
    return;
  }
  addFixed(sum, fixedProduct(x, y));
}
const isFactor = (x: number): boolean => {
  const size = Math.abs(x);
  return size > leastFactor && size < greatestFactor;
};

/** `sign` is -1 to remove a NaN or an infinity; finite terms have their own sign. */
function addTerm(sum: ExactSum, term: number, sign: 1 | -1): void {
  if (!(term < greatest && term > -greatest) || sum.length === 2) return addRare(sum, term, sign);
  if (sum.length > 3) return addToMany(sum, term);
  // From the top: the low part then mostly absorbs the rest of the term.
  const low = sum[1]!;
  const high = sum[2]!;
  const top = high + term;
  let share = top - high;
  const error = high - (top - share) + (term - share);
  const rest = low + error;
  share = rest - low;
  const least = low - (rest - share) + (error - share);
  if (least !== 0) return addToMany(sum, term);
  const total = top + rest;
  share = total - top;
  sum[1] = top - (total - share) + (rest - share);
  sum[2] = total;
  if (total > greatest || total < -greatest) toRare(sum);
}

/** Adds a term to each part, the least first, then compresses the parts. */
function addToMany(sum: ExactSum, term: number): void {
  const size = sum.length;
  let top = term;
  let kept = 1;
  for (let i = 1; i < size; i++) {
    const part = sum[i]!;
    const total = top + part;
    const share = total - top;
    const error = top - (total - share) + (part - share);
    if (error !== 0) sum[kept++] = error;
    top = total;
  }
  if (kept === size) sum.push(top);
  else sum[kept] = top;
  compress(sum, kept);
  if (top > greatest || top < -greatest) toRare(sum);
}

/** Shewchuk's compression of the non-overlapping parts from 1 to `last`. */
function compress(sum: ExactSum, last: number): void {
  let bottom = last;
  let carry = sum[last]!;
  for (let i = last - 1; i > 0; i--) {
    const part = sum[i]!;
    const total = carry + part;
    const error = part - (total - carry);
    carry = total;
    if (error !== 0) {
      sum[bottom--] = total;
      carry = error;
    }
  }
  sum[bottom] = carry;
  let size = 1;
  for (let i = bottom + 1; i <= last; i++) {
    const part = sum[i]!;
    const total = part + carry;
    const error = carry - (total - part);
    if (error !== 0) sum[size++] = error;
    carry = total;
  }
  sum[size++] = carry;
  if (size === 2) {
    sum[2] = carry;
    sum[1] = 0;
    size = 3;
  }
  if (sum.length !== size) sum.length = size;
}

function addRare(sum: ExactSum, term: number, sign: 1 | -1): void {
  const rare = toRare(sum);
  if (Number.isFinite(term)) rare[3] += fixedOf(term);
  else if (Number.isNaN(term)) rare[0] += sign;
  else if (term * sign > 0) rare[1] += sign;
  else rare[2] += sign;
  settle(sum, rare);
}

/** Brings the sum into its other form, unless it is in it. */
function toRare(sum: ExactSum): Rare {
  if (sum.length === 2) return sum[1] as unknown as Rare;
  let fixed = 0n;
  for (let i = 1; i < sum.length; i++) if (sum[i] !== 0) fixed += fixedOf(sum[i]!);
  const rare: Rare = [0, 0, 0, fixed];
  sum.length = 2;
  sum[1] = rare as never;
  return rare;
}

/** Returns to parts, if they can hold the sum. */
function settle(sum: ExactSum, [nan, positive, negative, fixed]: Rare): void {
  if (nan + positive + negative > 0) return;
  const parts: number[] = [];
  for (let rest = fixed; rest !== 0n;) {
    const part = ratioToDouble(rest, 1n, fixedUnit);
    // Parts cannot hold it: too great, or below the least double.
    if (part === 0 || Math.abs(part) > greatest) return;
    parts.unshift(part);
    rest -= fixedOf(part);
  }
  while (parts.length < 2) parts.unshift(0);
  sum.length = 1;
  sum.push(...parts);
}

function roundedRare(sum: ExactSum, count: number): number {
  const [nan, positive, negative, fixed] = sum[1] as unknown as Rare;
  if (nan > 0 || (positive > 0 && negative > 0)) return NaN;
  if (positive > 0) return Infinity;
  if (negative > 0) return -Infinity;
  return ratioToDouble(fixed, BigInt(count), fixedUnit);
}
