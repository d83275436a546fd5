import { DecodeError } from './define.ts';
import type { TextTable } from './text-table.ts';

const isSpace = (c: number): boolean => c === 32 || c === 10 || c === 13 || c === 9;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const powers = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** Scans JSON in a buffer byte by byte and checks everything it passes. */
export class JsonScanner {
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  /** In how many objects and arrays the value is that is read. */
  #depth = 0;
  /** The offset behind the last value that was read. */
  next = 0;

  /** Begins with a text that ends at `end`. */
  reset(bytes: Buffer, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#depth = 0;
  }

  fail(at: number): never {
    const text = this.#bytes.utf8Slice(Math.max(0, at - 20), Math.min(this.#end, at + 20));
    throw new DecodeError(`malformed JSON near "${text}"`);
  }

  /** Reads `null` at `i`. */
  readNull(i: number): null {
    this.next = this.skipValue(i);
    return null;
  }
  /** The offset of the first member or element of the object or array that starts at `i`; -1 when there is none. */
  enter(i: number, close: number): number {
    this.#depth++;
    i = this.skipSpace(i + 1);
    if (i < this.#end && this.#bytes[i] === close) {
      this.#leave(i);
      return -1;
    }
    if (this.#depth > deepest) this.fail(i);
    return i;
  }
  /** The offset of the next member or element after one that ends at `i`; -1 behind the last, when `next` is behind the whole. */
  following(i: number, close: number): number {
    const at = this.skipSpace(i);
    const c = this.#bytes[at]!;
    if (at >= this.#end) this.fail(at);
    if (c === 44) return this.skipSpace(at + 1);
    if (c !== close) this.fail(at);
    this.#leave(at);
    return -1;
  }
  #leave(at: number): void {
    this.#depth--;
    this.next = at + 1;
  }
  /** The offset of the value behind a key that ends at `i`. */
  skipColon(i: number): number {
    const at = this.skipSpace(i);
    if (at >= this.#end || this.#bytes[at] !== 58) this.fail(at);
    return this.skipSpace(at + 1);
  }
  keyText(bytes: Buffer, start: number, end: number): string {
    for (let i = start; i < end; i++) {
      if (bytes[i] === 92) return JSON.parse(bytes.utf8Slice(start - 1, end + 1)) as string;
      if (bytes[i]! >= 128) return bytes.utf8Slice(start, end);
    }
    return bytes.latin1Slice(start, end);
  }

  /** The offset behind the string that starts at `i` (its opening quote). */
  skipString(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (i++; i < end; i++) {
      const c = bytes[i]!;
      if (c === 34) return i + 1;
      if (c === 92) i = this.#skipEscape(i);
      else if (c < 32) this.fail(i);
    }
    return this.fail(i);
  }

  /** The last byte of the escape sequence that starts at `i`. */
  #skipEscape(i: number): number {
    const c = this.#bytes[i + 1]!;
    if (i + 1 >= this.#end) this.fail(i);
    if (c === 117) {
      if (i + 5 >= this.#end || !/^[0-9a-fA-F]{4}$/.test(this.#bytes.latin1Slice(i + 2, i + 6))) this.fail(i);
      return i + 5;
    }
    if (c !== 34 && c !== 92 && c !== 47 && c !== 98 && c !== 102 && c !== 110 && c !== 114 && c !== 116) this.fail(i);
    return i + 1;
  }

  readString(i: number, known: TextTable): string {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = i + 1;
    let wide = false;
    for (i = start; i < end; i++) {
      const c = bytes[i]!;
      if (c === 34) {
        this.next = i + 1;
        return wide ? bytes.utf8Slice(start, i) : known.get(bytes, start, i);
      }
      if (c === 92) {
        this.next = this.skipString(start - 1);
        return JSON.parse(bytes.utf8Slice(start - 1, this.next)) as string;
      }
      if (c < 32) this.fail(i);
      if (c >= 128) wide = true;
    }
    return this.fail(i);
  }

  // The next three walk over digits each for itself: what they share in one place costs 3 % of a filter's time (`bench -- path`).
  /** Reads an integer of at most 15 digits without fraction and exponent; undefined for any other value. */
  readInteger(i: number): number | undefined {
    const bytes = this.#bytes;
    const negative = bytes[i] === 45;
    if (negative) i++;
    const first = i;
    let value = 0;
    let c = bytes[i]!;
    while (i < this.#end && isDigit(c)) {
      value = value * 10 + (c - 48);
      c = bytes[++i]!;
    }
    const digits = i - first;
    if (digits === 0 || digits > 15 || (digits > 1 && bytes[first] === 48)) return undefined;
    if (i < this.#end && (c === 46 || c === 101 || c === 69)) return undefined;
    this.next = i;
    return negative ? 0 - value : value;
  }

  /** Reads a number of at most 15 digits that a decimal of this precision and scale holds; undefined for any other value. */
  readDecimal(i: number, precision: number, scale: number): number | undefined {
    const bytes = this.#bytes;
    const negative = bytes[i] === 45;
    if (negative) i++;
    const first = i;
    let value = 0;
    let c = bytes[i]!;
    while (i < this.#end && isDigit(c)) {
      value = value * 10 + (c - 48);
      c = bytes[++i]!;
    }
    let digits = i - first;
    if (digits === 0 || (digits > 1 && bytes[first] === 48)) return undefined;
    let places = 0;
    if (i < this.#end && c === 46) {
      const point = ++i;
      c = bytes[i]!;
      while (i < this.#end && isDigit(c)) {
        value = value * 10 + (c - 48);
        c = bytes[++i]!;
      }
      places = i - point;
      if (places === 0) return undefined;
      digits += places;
    }
    if (places > scale || digits + scale - places > 15 || (i < this.#end && (c === 101 || c === 69))) return undefined;
    const unscaled = value * powers[scale - places]!;
    if (precision <= 15 && unscaled >= powers[precision]!) return undefined;
    this.next = i;
    return negative ? 0 - unscaled : unscaled;
  }

  /**
   * Reads a number whose digits form a safe integer and whose scale is an exact power of ten, so that the division is correctly
   * rounded; undefined otherwise.
   */
  readDouble(i: number): number | undefined {
    const bytes = this.#bytes;
    const negative = bytes[i] === 45;
    if (negative) i++;
    const first = i;
    let value = 0;
    let c = bytes[i]!;
    while (i < this.#end && isDigit(c)) {
      value = value * 10 + (c - 48);
      c = bytes[++i]!;
    }
    let digits = i - first;
    if (digits === 0 || (digits > 1 && bytes[first] === 48)) return undefined;
    let scale = 0;
    if (i < this.#end && c === 46) {
      const point = ++i;
      c = bytes[i]!;
      while (i < this.#end && isDigit(c)) {
        value = value * 10 + (c - 48);
        c = bytes[++i]!;
      }
      scale = i - point;
      if (scale === 0) return undefined;
      digits += scale;
    }
    if (scale > 22 || (i < this.#end && (c === 101 || c === 69))) return undefined;
    const result = digits > 15 ? this.#readLong(first, i, digits, scale) : scale === 0 ? value : value / powers[scale]!;
    if (result === undefined) return undefined;
    this.next = i;
    return negative ? -result : result;
  }

  /** The same of more digits, of which up to 18 count: as many as doubles are written with, and more. */
  #readLong(from: number, to: number, digits: number, scale: number): number | undefined {
    const bytes = this.#bytes;
    let left = digits;
    let i = from;
    for (; i < to && (bytes[i] === 48 || bytes[i] === 46); i++) if (bytes[i] === 48) left--;
    if (left > 18) return undefined;
    let high = 0;
    let low = 0;
    for (; i < to; i++) {
      const c = bytes[i]!;
      if (c === 46) continue;
      if (left-- > 8) high = high * 10 + (c - 48);
      else low = low * 10 + (c - 48);
    }
    return quotient(high, low, powers[scale]!);
  }

  /** The offset behind the value at `i`. */
  skipValue(i: number): number {
    const c = this.#bytes[i]!;
    if (i >= this.#end) this.fail(i);
    if (c === 34) return this.skipString(i);
    if (c === 123 || c === 91) return this.#skipNested(i, this.#depth + 1);
    if (c === 45 || isDigit(c)) return this.#skipNumber(i);
    for (const word of words) {
      if (
        word.charCodeAt(0) === c &&
        i + word.length <= this.#end &&
        this.#bytes.latin1Slice(i, i + word.length) === word
      )
        return i + word.length;
    }
    return this.fail(i);
  }

  #skipNumber(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    if (bytes[i] === 45) i++;
    const first = i;
    i = this.#skipDigits(i);
    if (bytes[first] === 48 && i - first > 1) this.fail(first);
    if (i < end && bytes[i] === 46) i = this.#skipDigits(i + 1);
    if (i < end && (bytes[i] === 101 || bytes[i] === 69)) {
      i++;
      if (i < end && (bytes[i] === 43 || bytes[i] === 45)) i++;
      i = this.#skipDigits(i);
    }
    return i;
  }
  /** Skips digits; throws when there are none. */
  #skipDigits(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let i = start;
    while (i < end && isDigit(bytes[i]!)) i++;
    if (i === start) this.fail(i);
    return i;
  }
  skipSpace(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    while (i < end && isSpace(bytes[i]!)) i++;
    return i;
  }

  /** `depth` counts what is open, with this. */
  #skipNested(i: number, depth: number): number {
    const bytes = this.#bytes;
    const isObject = bytes[i] === 123;
    const close = isObject ? 125 : 93;
    i = this.skipSpace(i + 1);
    if (i < this.#end && bytes[i] === close) return i + 1;
    if (depth > deepest) this.fail(i);
    for (;;) {
      i = this.skipSpace(i);
      if (isObject) {
        if (i >= this.#end || bytes[i] !== 34) this.fail(i);
        i = this.skipSpace(this.skipString(i));
        if (i >= this.#end || bytes[i] !== 58) this.fail(i);
        i = this.skipSpace(i + 1);
      }
      const c = bytes[i]!;
      const isNested = i < this.#end && (c === 123 || c === 91);
      i = this.skipSpace(isNested ? this.#skipNested(i, depth + 1) : this.skipValue(i));
      if (i >= this.#end) this.fail(i);
      if (bytes[i] === close) return i + 1;
      if (bytes[i] !== 44) this.fail(i);
      i++;
    }
  }
}

/** Splits a double into two of half its bits, after Dekker. */
const splitter = 2 ** 27 + 1;
/** More than the relative error of what `quotient` adds. */
const tiny = 2 ** -50;

/**
 * (high · 10^8 + low) / divisor, correctly rounded; undefined where that is not certain. high is below 10^10 and low below 10^8, so
 * that both terms are doubles without a loss (10^8 has 5^8 as its odd part), and the divisor is at most 10^22. What a division leaves
 * is a double too; it is divided in turn, and where the least error of that would change the sum, the two are not certain.
 */
function quotient(high: number, low: number, divisor: number): number | undefined {
  const upper = high * 1e8;
  const sum = upper + low;
  const lost = low - (sum - upper);
  const first = sum / divisor;
  // first · divisor as two doubles.
  const product = first * divisor;
  const a = splitter * first;
  const aHigh = a - (a - first);
  const aLow = first - aHigh;
  const b = splitter * divisor;
  const bHigh = b - (b - divisor);
  const bLow = divisor - bHigh;
  const beside = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  const second = (sum - product - beside + lost) / divisor;
  const result = first + second * (1 - tiny);
  return result === first + second * (1 + tiny) ? result : undefined;
}

const words = ['null', 'true', 'false'];
/** Values may be in so many objects and arrays, as `parseJson` has it. */
const deepest = 500;
