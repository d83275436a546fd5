import { writeText } from './text.ts';

/** Bytes that grow at the end. Who writes by hand calls `need` first, then sets `buffer` from `length` on. */
export class Bytes {
  buffer: Buffer;
  length = 0;

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for so many more bytes and gives the buffer, which may be another one than before. */
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
  /** As UTF-8. */
  text(value: string): void {
    this.length += writeText(this.need(value.length * 3), value, this.length);
  }
  copy(source: Buffer, length = source.length): void {
    const buffer = this.need(length);
    // Few bytes are copied one by one: that is quicker than a call into the runtime.
    if (length > 32) source.copy(buffer, this.length, 0, length);
    else for (let i = 0, at = this.length; i < length; i++) buffer[at + i] = source[i]!;
    this.length += length;
  }

  /** What was written from an offset on, as bytes of its own. */
  from(start: number): Buffer {
    return Buffer.from(this.buffer.subarray(start, this.length));
  }
}
