import { DecodeError } from './define.ts';
import type { TextTable } from './text-table.ts';

export const isSpace = (c: number): boolean => c === 32 || c === 10 || c === 13 || c === 9;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const powers = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** Moves over JSON in a buffer byte by byte, checking all that it passes. */
export class JsonScanner {
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  /** The offset behind the value that was read last. */
  next = 0;

  reset(bytes: Buffer, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
  }

  fail(at: number): never {
    const text = this.#bytes.utf8Slice(Math.max(0, at - 20), Math.min(this.#end, at + 20));
    throw new DecodeError(`malformed JSON near "${text}"`);
  }

  keyText(bytes: Buffer, start: number, end: number): string {
    for (let i = start; i < end; i++) {
      if (bytes[i] === 92) return JSON.parse(bytes.utf8Slice(start - 1, end + 1)) as string;
      if (bytes[i]! >= 128) return bytes.utf8Slice(start, end);
    }
    return bytes.latin1Slice(start, end);
  }

  /** The offset behind the string whose opening quote is at `i`. */
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

  /** The last byte of the escape that starts at `i`. */
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

  /** An integer of at most 15 digits without fraction or exponent; undefined for any other value. */
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

  /** A number whose digits are an exact integer and whose fraction is a power that divides exactly; undefined otherwise. */
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
    if (digits > 15 || scale > 22 || (i < this.#end && (c === 101 || c === 69))) return undefined;
    this.next = i;
    const result = scale === 0 ? value : value / powers[scale]!;
    return negative ? -result : result;
  }

  /** The offset behind the value at `i`, whatever it is. */
  skipValue(i: number): number {
    const c = this.#bytes[i]!;
    if (i >= this.#end) this.fail(i);
    if (c === 34) return this.skipString(i);
    if (c === 123 || c === 91) return this.#skipNested(i);
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
  /** At least one digit has to be there. */
  #skipDigits(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let i = start;
    while (i < end && isDigit(bytes[i]!)) i++;
    if (i === start) this.fail(i);
    return i;
  }
  #skipSpace(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    while (i < end && isSpace(bytes[i]!)) i++;
    return i;
  }

  #skipNested(i: number, depth = 0): number {
    if (depth > 500) this.fail(i);
    const bytes = this.#bytes;
    const isObject = bytes[i] === 123;
    const close = isObject ? 125 : 93;
    i = this.#skipSpace(i + 1);
    if (i < this.#end && bytes[i] === close) return i + 1;
    for (;;) {
      i = this.#skipSpace(i);
      if (isObject) {
        if (i >= this.#end || bytes[i] !== 34) this.fail(i);
        i = this.#skipSpace(this.skipString(i));
        if (i >= this.#end || bytes[i] !== 58) this.fail(i);
        i = this.#skipSpace(i + 1);
      }
      const c = bytes[i]!;
      const isNested = i < this.#end && (c === 123 || c === 91);
      i = this.#skipSpace(isNested ? this.#skipNested(i, depth + 1) : this.skipValue(i));
      if (i >= this.#end) this.fail(i);
      if (bytes[i] === close) return i + 1;
      if (bytes[i] !== 44) this.fail(i);
      i++;
    }
  }
}

const words = ['null', 'true', 'false'];
