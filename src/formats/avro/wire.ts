import { canonical } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import type { Bytes } from '../../util/bytes.ts';
import { DecodeError } from '../define.ts';

/** An int or long: zigzag, seven bits a byte, the lowest first. */
export function putLong(value: Long, out: Bytes): void {
  if (typeof value === 'number' && value < 2 ** 51 && value > -(2 ** 51)) {
    let left = value >= 0 ? value * 2 : -value * 2 - 1;
    const bytes = out.need(10);
    let at = out.length;
    while (left > 127) {
      bytes[at++] = (left % 128) | 128;
      left = Math.floor(left / 128);
    }
    bytes[at++] = left;
    out.length = at;
    return;
  }
  const wide = BigInt(value);
  let left = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
  while (left > 127n) {
    out.byte(Number(left & 127n) | 128);
    left >>= 7n;
  }
  out.byte(Number(left));
}

/** Moves over Avro's binary encoding, checking its bounds. */
export class AvroReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new DecodeError('an Avro value ends too early');
    return this.bytes[this.at++]!;
  }

  long(): Long {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      wide |= BigInt(byte & 127) << shift;
      if (byte < 128) return canonical(BigInt.asIntN(64, (wide >> 1n) ^ -(wide & 1n)));
    }
    throw new DecodeError('a number in an Avro value is too long');
  }
  /** A length, count or index. */
  small(): number {
    const value = this.long();
    if (typeof value === 'bigint') throw new DecodeError('a length in an Avro value is too large');
    return value;
  }

  /** Goes over so many bytes; gives where they begin. */
  pass(length: number): number {
    const start = this.at;
    if (length < 0 || length > this.end - start) throw new DecodeError('an Avro value ends too early');
    this.at = start + length;
    return start;
  }

  /** Calls for each item of an array or map: blocks with their counts before them, ended by an empty one. */
  items(each: () => void): void {
    for (;;) {
      let count = this.small();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        this.long();
      }
      // An item may be of no bytes: what cannot be there is found by its count.
      if (count > this.end - this.at + 1_000_000) throw new DecodeError('an Avro value ends too early');
      for (let i = 0; i < count; i++) each();
    }
  }
}
