import { writeText } from './text.ts';

/** A byte buffer that grows at its end. To write into it directly, call `need`, write at `length`, then advance `length`. */
export class Bytes {
  buffer: Buffer;
  length = 0;

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Ensures room for `count` more bytes and returns the buffer, which may be a new one. */
  need(count: number): Buffer {
    if (this.length + count > this.buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + count));
      this.buffer.copy(grown, 0, 0, this.length);
      this.buffer = grown;
    }
    return this.buffer;
  }

  byte(value: number): void {
    this.need(1)[this.length++] = value;
  }
  /** Appends a string as UTF-8. */
  text(value: string): void {
    this.length += writeText(this.need(value.length * 3), value, this.length);
  }
  copy(source: Buffer, length = source.length): void {
    const buffer = this.need(length);
    // A loop is faster than `copy` for a few bytes.
    if (length > 32) source.copy(buffer, this.length, 0, length);
    else for (let i = 0, at = this.length; i < length; i++) buffer[at + i] = source[i]!;
    this.length += length;
  }

  /** A copy of the bytes from an offset to the end. */
  from(start: number): Buffer {
    return Buffer.from(this.buffer.subarray(start, this.length));
  }
}
