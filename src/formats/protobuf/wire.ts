import type { Bytes } from '../../util/bytes.ts';
import { canonical } from '../../types/numbers.ts';
import type { Long } from '../../types/sql-type.ts';
import { DecodeError } from '../define.ts';
import { putVarint, putWideVarint, VarintReader } from '../varints.ts';

/** Protobuf's wire types that proto3 has; groups are refused. */
export const wire = { varint: 0, fixed64: 1, sized: 2, fixed32: 5 } as const;

/** An int32 or int64: negative ones are ten bytes, as two's complement of 64 bits. */
export function putInteger(value: Long, out: Bytes): void {
  if (typeof value === 'number' && value >= 0) return putVarint(value, out);
  putWideVarint(BigInt(value), out);
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

/** Moves over a message. */
export class ProtobufReader extends VarintReader {
  constructor() {
    super('a Protobuf message');
  }

  /** An unsigned number of at most 32 bits: tags and lengths; what is above is cut off. */
  small(): number {
    const value = this.varint();
    return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
  }
  /** A 32-bit integer; wider ones lose what is above, as in every implementation. */
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
  /** Goes behind bytes with their length before them; gives where they begin: they end where the reader then is. */
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
