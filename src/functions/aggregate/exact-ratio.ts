/** An integer times a power of two: digits · 2^exponent. */
export interface Scaled {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The exponent of fixed-point values: every product of two doubles is a multiple of 2^-2148. */
export const fixedUnit = -2148;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const [lowWord, highWord] = isLittleEndian ? ([0, 1] as const) : ([1, 0] as const);

/** The exponent of a finite double written as an integer of 53 bits times a power of two. */
function exponentOf(value: number): number {
  double[0] = value;
  return ((words[highWord]! >>> 20) & 0x7ff || 1) - 1075;
}
function digitsOf(value: number): bigint {
  double[0] = value;
  const high = words[highWord]!;
  const size = (high & 0xfffff) * 2 ** 32 + words[lowWord]! + (((high >>> 20) & 0x7ff) === 0 ? 0 : 2 ** 52);
  return BigInt(value < 0 ? -size : size);
}

/** A finite double in units of 2^-2148. */
export const fixedOf = (value: number): bigint => digitsOf(value) << BigInt(exponentOf(value) - fixedUnit);
/** The product of two finite doubles in units of 2^-2148. */
export const fixedProduct = (x: number, y: number): bigint =>
  (digitsOf(x) * digitsOf(y)) << BigInt(exponentOf(x) + exponentOf(y) - fixedUnit);

/** The exact sum of finite doubles from an index on. */
export function scaledOf(values: readonly number[], from: number): Scaled {
  let exponent = 971;
  for (let i = from; i < values.length; i++) if (values[i] !== 0) exponent = Math.min(exponent, exponentOf(values[i]!));
  let digits = 0n;
  for (let i = from; i < values.length; i++)
    if (values[i] !== 0) digits += digitsOf(values[i]!) << BigInt(exponentOf(values[i]!) - exponent);
  return { digits, exponent };
}

const bitLength = (value: bigint): number => {
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
};

/** The double nearest to above / below · 2^exponent, ties to even; `below` is positive. */
export function ratioToDouble(above: bigint, below: bigint, exponent: number): number {
  if (above === 0n) return 0;
  const size = above < 0n ? -above : above;
  // A quotient of 64 or 65 bits. Its last bit is set if there is a remainder, which only matters for ties.
  const shift = 64 - bitLength(size) + bitLength(below);
  const dividend = shift > 0 ? size << BigInt(shift) : size;
  const divisor = shift < 0 ? below << BigInt(-shift) : below;
  let quotient = dividend / divisor;
  if (quotient * divisor !== dividend) quotient |= 1n;
  const bits = bitLength(quotient);
  const top = bits - 1 + exponent - shift;
  if (top > 1023) return above < 0n ? -Infinity : Infinity;
  // Subnormal results have fewer bits.
  const kept = Math.min(53, top + 1075);
  if (kept < 0) return 0;
  const dropped = BigInt(bits - kept);
  const half = 1n << (dropped - 1n);
  const rest = quotient & ((1n << dropped) - 1n);
  let digits = quotient >> dropped;
  if (rest > half || (rest === half && (digits & 1n) === 1n)) digits++;
  const rounded = Number(digits) * 2 ** (top + 1 - kept);
  return above < 0n ? -rounded : rounded;
}
