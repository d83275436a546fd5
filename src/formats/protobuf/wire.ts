import type { Bytes } from '../../util/bytes.ts';
import { canonical } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { DecodeError } from '../define.ts';
import { putVarint, putWideVarint, VarintReader } from '../varints.ts';

/** The wire types of proto3; groups are not supported. */
export const wire = { varint: 0, fixed64: 1, sized: 2, fixed32: 5 } as const;

/** Writes an int32 or int64; a negative number takes ten bytes (64-bit two's complement). */
export function putInteger(value: Long, out: Bytes): void {
  if (typeof value === 'number' && value >= 0) return putVarint(value, out);
  putWideVarint(BigInt(value), out);
}

/** Writes a small number in zigzag form, as Confluent's framing does. */
export function putZigzag(value: number, out: Bytes): void {
  putVarint(value >= 0 ? value * 2 : -value * 2 - 1, out);
}

export function putTag(field: number, wireType: number, out: Bytes): void {
  putVarint(field * 8 + wireType, out);
}

/** Writes the output of `write` with its length before it. */
export function putSized(write: (out: Bytes) => void, out: Bytes): void {
  const start = out.length;
  out.byte(0);
  write(out);
  const length = out.length - start - 1;
  if (length < 128) {
    out.buffer[start] = length;
    return;
  }
  // One byte was reserved for the length, but it needs more.
  const end = out.length;
  putVarint(length, out);
  const width = out.length - end;
  const buffer = out.need(width);
  buffer.copyWithin(start + width, start + 1, end);
  out.length = start;
  putVarint(length, out);
  out.length = start + width + length;
}

/** Reads the fields of a message. */
export class ProtobufReader extends VarintReader {
  constructor() {
    super('a Protobuf message');
  }

  /** Reads an unsigned number, truncated to 32 bits: tags and lengths. */
  small(): number {
    const value = this.varint();
    return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
  }
  /** Reads a 32-bit integer; wider ones are truncated, as all implementations do. */
  int32(): number {
    const value = this.varint();
    return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
  }
  int64(): Long {
    const value = this.varint();
    return typeof value === 'number' ? value : canonical(BigInt.asIntN(64, value));
  }

  fixed64(): Long {
    const at = this.pass(8);
    return canonical(this.bytes.readBigInt64LE(at));
  }
  /** Skips length-prefixed bytes; returns their start offset, and they end at the reader's position. */
  sized(): number {
    return this.pass(this.small());
  }
  skip(wireType: number): void {
    if (wireType === wire.varint) this.varint();
    else if (wireType === wire.fixed64) this.pass(8);
    else if (wireType === wire.sized) this.sized();
    else if (wireType === wire.fixed32) this.pass(4);
    else throw new DecodeError(`wire type ${wireType} is not Protobuf`);
  }
}
