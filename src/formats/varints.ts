import { canonical } from '../types/numbers.ts';
import type { Long } from '../types/sql-type.ts';
import type { Bytes } from '../util/bytes.ts';
import { DecodeError } from './define.ts';

/** Writes a non-negative number as a varint: seven bits per byte, lowest first. */
export function putVarint(value: number, out: Bytes): void {
  const bytes = out.need(10);
  let at = out.length;
  while (value > 127) {
    bytes[at++] = (value % 128) | 128;
    value = Math.floor(value / 128);
  }
  bytes[at++] = value;
  out.length = at;
}

/** The same for 64-bit numbers. */
export function putWideVarint(value: bigint, out: Bytes): void {
  let left = BigInt.asUintN(64, value);
  while (left > 127n) {
    out.byte(Number(left & 127n) | 128);
    left >>= 7n;
  }
  out.byte(Number(left));
}

/** Reads varints and byte ranges within bounds; `what` names the value in error messages. */
export class VarintReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new DecodeError(`${this.#what} ends too early`);
    return this.bytes[this.at++]!;
  }

  /** An unsigned varint; a number when it is a safe integer, otherwise a bigint. */
  varint(): Long {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      wide |= BigInt(byte & 127) << shift;
      if (byte < 128) return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
    throw new DecodeError(`a number in ${this.#what} is too long`);
  }
  /** A varint in zigzag form (0, -1, 1, -2, …). */
  zigzag(): Long {
    const value = this.varint();
    if (typeof value === 'number') return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    return canonical(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
  }

  /** Skips bytes; returns their start offset. */
  pass(length: number): number {
    const start = this.at;
    if (length < 0 || length > this.end - start) throw new DecodeError(`${this.#what} ends too early`);
    this.at = start + length;
    return start;
  }
}
