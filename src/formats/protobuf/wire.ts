import type { Bytes } from '../../util/bytes.ts';
import { canonical } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { DecodeError } from '../define.ts';

/** Protobuf's wire types that proto3 has; groups are refused. */
export const wire = { varint: 0, fixed64: 1, sized: 2, fixed32: 5 } as const;

/** A number that is not negative, seven bits a byte, the lowest first. */
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

/** An int32 or int64: negative ones are ten bytes, as two's complement of 64 bits. */
export function putInteger(value: Long, out: Bytes): void {
  if (typeof value === 'number' && value >= 0) return putVarint(value, out);
  let left = BigInt.asUintN(64, BigInt(value));
  while (left > 127n) {
    out.byte(Number(left & 127n) | 128);
    left >>= 7n;
  }
  out.byte(Number(left));
}

/** A small number in zigzag form, as Confluent's framing has it. */
export function putZigzag(value: number, out: Bytes): void {
  putVarint(value >= 0 ? value * 2 : -value * 2 - 1, out);
}

export function putTag(field: number, wireType: number, out: Bytes): void {
  putVarint(field * 8 + wireType, out);
}

/** What `write` puts, with its length before it. */
export function putSized(write: (out: Bytes) => void, out: Bytes): void {
  const start = out.length;
  out.byte(0);
  write(out);
  const length = out.length - start - 1;
  if (length < 128) {
    out.buffer[start] = length;
    return;
  }
  // The length needs more room than the byte that was left for it.
  const end = out.length;
  putVarint(length, out);
  const width = out.length - end;
  const buffer = out.need(width);
  buffer.copyWithin(start + width, start + 1, end);
  out.length = start;
  putVarint(length, out);
  out.length = start + width + length;
}

/** Moves over a message, checking its bounds. */
export class ProtobufReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** An unsigned number of at most 32 bits: tags and lengths; what is above is cut off. */
  small(): number {
    const value = this.#varint();
    return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
  }
  /** A 32-bit integer; wider ones lose what is above, as in every implementation. */
  int32(): number {
    const value = this.#varint();
    return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
  }
  int64(): Long {
    const value = this.#varint();
    return typeof value === 'number' ? value : canonical(BigInt.asIntN(64, value));
  }

  /** A number while it is a safe integer. */
  #varint(): Long {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      wide |= BigInt(byte & 127) << shift;
      if (byte < 128) return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
    throw new DecodeError('a number in a Protobuf message is too long');
  }
  #byte(): number {
    if (this.at >= this.end) throw new DecodeError('a Protobuf message ends too early');
    return this.bytes[this.at++]!;
  }

  /** A zigzag number of 64 bits. */
  sint64(): Long {
    const wide = BigInt.asUintN(64, BigInt(this.#varint()));
    return canonical(BigInt.asIntN(64, (wide >> 1n) ^ -(wide & 1n)));
  }
  fixed64(): Long {
    const at = this.pass(8);
    return canonical(this.bytes.readBigInt64LE(at));
  }
  /** Goes behind bytes with their length before them; gives where they begin: they end where the reader then is. */
  sized(): number {
    return this.pass(this.small());
  }
  /** Goes over so many bytes; gives where they begin. */
  pass(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw new DecodeError('a Protobuf message ends too early');
    this.at = start + length;
    return start;
  }

  skip(wireType: number): void {
    if (wireType === wire.varint) this.#varint();
    else if (wireType === wire.fixed64) this.pass(8);
    else if (wireType === wire.sized) this.sized();
    else if (wireType === wire.fixed32) this.pass(4);
    else throw new DecodeError(`wire type ${wireType} is not Protobuf`);
  }
}
